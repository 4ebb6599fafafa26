"""What a job asks of a cluster: memory, minutes, GPUs; more of the first two at each new attempt."""

import math
from typing import Any

from grunflow.config.study import Study
from grunflow.costs.stages import cost

# glibc keeps what was freed: training held 1.2 to 1.65 times the closed form on a CPU (tests/costs/test_memory.py without
# its MALLOC_MMAP_THRESHOLD_).
SPARE_MEMORY, SPARE_TIME, LEAST_MINUTES, LEAST_MB = 1.65, 2.0, 20, 1000


def request(study: Study, spec: Any, attempt: int = 1) -> dict[str, int]:
    """mem_mb, runtime (minutes), gpu and processes of a job; every attempt after the first gets half as much memory more, and
    as much time again: an out-of-memory kill or a time limit may have ended the one before."""
    found = cost(study, spec)
    megabytes = max(LEAST_MB, SPARE_MEMORY * found.host_bytes / 2**20) * (1 + (attempt - 1) / 2)
    minutes = max(LEAST_MINUTES, SPARE_TIME * found.seconds / 60) * attempt
    return {
        "mem_mb": math.ceil(megabytes / 100) * 100,
        "runtime": math.ceil(minutes),
        "gpu": found.gpus,
        "processes": processes(spec, found.gpus),
    }


def processes(spec: Any, gpus: int) -> int:
    """How many share a training job: one for each GPU where every weight is trained, else one (grunflow/launch.py)."""
    carrier, objective = getattr(spec, "carrier", None), getattr(spec, "objective", None)
    sharded = (carrier is None or carrier.name == "full") and (objective is None or objective.name != "rmu")
    return max(1, gpus) if sharded else 1
