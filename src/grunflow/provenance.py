"""Where a result was made: commit, versions, machine."""

import os
import platform
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

REPORTED_PACKAGES = (
    "grunflow",
    "torch",
    "transformers",
    "tokenizers",
    "safetensors",
    "peft",
    "lm_eval",
    "rouge-score",
    "numpy",
    "pandas",
    "scipy",
    "snakemake",
)


def provenance() -> dict[str, Any]:
    """Commit, versions and processor. It is asked when a stage begins: a commit made meanwhile is not what ran."""
    status = _git("status", "--porcelain", "--untracked-files=no")
    return {
        "git_commit": _git("rev-parse", "HEAD"),
        "git_dirty": None if status is None else bool(status),
        "python": platform.python_version(),
        "versions": versions(),
        "machine": platform.machine(),
        "cpu_model": _cpu_model(),
        "cpu_count": os.cpu_count(),
    }


def versions() -> dict[str, str | None]:
    """Versions of the packages that decide numbers; None of one that is not installed."""
    return {package: _version(package) for package in REPORTED_PACKAGES}


def gpu_usage(seconds: float | int) -> dict[str, float]:
    """GPU seconds (wall seconds times the GPUs that the job held) and the peak of allocated bytes; empty without a GPU."""
    cuda = _cuda()
    if cuda is None:
        return {}
    devices = range(cuda.device_count())
    peak = sum(cuda.max_memory_allocated(device) for device in devices)
    return {"gpu_seconds": round(seconds * len(devices), 3), "peak_gpu_memory_bytes": peak}


def _cuda() -> Any:
    """torch.cuda where the process has imported torch and there is a GPU: importing it here would cost seconds."""
    torch = sys.modules.get("torch")
    return torch.cuda if torch is not None and torch.cuda.is_available() else None


def gpus() -> dict[str, Any]:
    """CUDA and the GPUs, as far as a torch that the stage itself imported can tell: to be asked when it ends."""
    cuda = _cuda()
    if cuda is None:
        return {"cuda": None, "gpus": 0, "gpu_names": []}
    names = [cuda.get_device_name(device) for device in range(cuda.device_count())]
    return {"cuda": sys.modules["torch"].version.cuda, "gpus": len(names), "gpu_names": names}


def _git(*arguments: str) -> str | None:
    here = Path(__file__).parent
    try:
        done = subprocess.run(["git", "-C", str(here), *arguments], capture_output=True, text=True, check=False)
    except OSError:  # no git, as in many containers
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
