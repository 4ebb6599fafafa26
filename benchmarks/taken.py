"""What a call takes: seconds, the GPU's peak of memory, launches (small micro-batches wait for these, not for arithmetic)."""

import time
from collections.abc import Callable
from typing import Any

import torch
from torch.autograd.profiler_util import DeviceType
from torch.utils._python_dispatch import TorchDispatchMode

WARM_UP = 2


class _Ops(TorchDispatchMode):
    count = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.count += 1
        return func(*args, **(kwargs or {}))


def launches(call: Callable[[], Any], device: str) -> dict[str, int | None]:
    """ops: what torch dispatches, views among them, the same on every device. kernels: what the GPU ran for it; None on a CPU."""
    with _Ops() as counted:
        call()
    if device == "cpu":
        return {"ops": counted.count, "kernels": None}
    activities = [torch.profiler.ProfilerActivity.CPU, torch.profiler.ProfilerActivity.CUDA]
    with torch.profiler.profile(activities=activities) as profile:
        call()
        torch.cuda.synchronize()
    ran = (event.name for event in profile.events() if event.device_type == DeviceType.CUDA)
    return {"ops": counted.count, "kernels": sum(not name.startswith(("Memcpy", "Memset")) for name in ran)}


def timed(step: Callable[[int], Any], steps: int, device: str) -> dict[str, Any]:
    """Median seconds of step(number) behind two steps to warm up, and the peak bytes on a GPU."""
    taken = []
    for number in range(steps + WARM_UP):
        if device == "cuda":
            torch.cuda.synchronize()
            torch.cuda.reset_peak_memory_stats()
        started = time.perf_counter()
        step(number)
        if device == "cuda":
            torch.cuda.synchronize()
        taken.append(time.perf_counter() - started)
    peak = torch.cuda.max_memory_allocated() if device == "cuda" else None
    return {"seconds": sorted(taken[WARM_UP:])[steps // 2], "peak_bytes": peak}
