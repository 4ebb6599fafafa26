"""What a job asks of a cluster: memory, minutes, GPUs, cores, a warning; more of the first two at each new attempt."""

import math
from dataclasses import replace
from typing import Any

from grunflow.cluster import Partition
from grunflow.config.stage import Stage
from grunflow.config.study import Resolved
from grunflow.costs.hardware import write_seconds
from grunflow.costs.placing import Cost
from grunflow.costs.rates import Rate, at
from grunflow.costs.stages import cost

# glibc keeps what was freed: training held 1.2 to 1.65 times the closed form on a CPU (tests/costs/test_memory.py without
# its MALLOC_MMAP_THRESHOLD_).
SPARE_MEMORY, SPARE_TIME, LEAST_MINUTES, LEAST_MB = 1.65, 2.0, 20, 1000
MEASURED_SPARE = 1.25  # of memory that finished jobs of the rule held
# Seconds before the time limit at which SLURM warns: at least, and around thrice the planned time of a checkpoint (a step is finished
# first, and one that is being written beside it).
LEAST_WARNING, AROUND_CHECKPOINT = 180, 60
ANY = Partition()  # without limits


def request(
    study: Resolved, spec: Stage, attempt: int = 1, most: Partition = ANY, rate: Rate | None = None
) -> dict[str, Any]:
    """mem_mb (of a node), runtime (minutes), gpu, processes, cpus_per_task, nodes, slurm_extra, batch_size (rows that are scored or
    cached together) and accumulation (micro-batches of a training that leaves them to the plan) of a job, and what the executor wants
    to know of several nodes (`mpi`, `tasks`, `tasks_per_gpu`; else None); every attempt
    after the first gets half as much memory more, as much time again, up to what the partition allows (`most`), and half the rows, but of
    trainings, which go on to the same bytes: an out-of-memory kill or a time limit may have ended the one before. rate: what finished jobs
    of the rule tell, in place of assumptions."""
    return request_for(cost(study, spec), attempt, most, rate)


def request_for(planned: Cost, attempt: int = 1, most: Partition = ANY, rate: Rate | None = None) -> dict[str, Any]:
    """The same of a job that is planned to cost so much."""
    spare = _spare(planned, rate)
    # Learnt seconds follow FLOPs alone: a job unlike those that have finished is not given less than was planned for it.
    found = replace(planned, seconds=max(planned.seconds, at(rate, planned).seconds))
    megabytes = _grown(max(LEAST_MB, spare * found.host_bytes / 2**20), 1 + (attempt - 1) / 2, most.megabytes, 100)
    minutes = _grown(max(LEAST_MINUTES, SPARE_TIME * found.seconds / 60), attempt, most.minutes, 1)
    halved = 0 if found.checkpoint_bytes else attempt - 1  # a GPU's memory may have run out
    processes = max(1, found.gpus)  # only what is sharded is given several GPUs
    warning = max(LEAST_WARNING, math.ceil(AROUND_CHECKPOINT + 3 * write_seconds(found.checkpoint_bytes)))
    return {
        "mem_mb": megabytes,
        "runtime": minutes,
        "gpu": found.gpus,
        "processes": processes,
        "cpus_per_task": 2 * processes // found.nodes if found.gpus else 1,
        "batch_size": max(1, found.rows_at_once >> halved),
        "accumulation": found.accumulation
        << (attempt - 1 if found.gpus > 1 else 0),  # several cannot halve by themselves
        "nodes": found.nodes,  # said even of 1: else SLURM may spread GPUs over two, where one process cannot see them all
        # Not USR1: it kills Snakemake's inner process.
        "slurm_extra": f"--signal=URG@{warning}",
        **_over_nodes(found.nodes),
    }


def _spare(planned: Cost, rate: Rate | None) -> float:
    """Times the planned memory: of jobs on one device as much as finished ones of the rule held, and never less than was planned."""
    if rate is None or not rate.memory or planned.gpus > 1:
        return SPARE_MEMORY
    return MEASURED_SPARE * max(1.0, rate.memory)


def _over_nodes(nodes: int) -> dict[str, Any]:
    """What makes the executor (snakemake-executor-plugin-slurm 2.8.0) leave it to the command to start a task on each node: `mpi` is the
    program that starts them. `tasks` alone it would give to each GPU."""
    return (
        {"mpi": "srun", "tasks": nodes, "tasks_per_gpu": 0}
        if nodes > 1
        else dict.fromkeys(("mpi", "tasks", "tasks_per_gpu"))
    )


def _grown(first: float | int, times: float | int, most: float | int, unit: int) -> int:
    """In whole units; a first attempt beyond what is allowed stays what it is, for `grunflow preflight` to name it."""
    asked, wanted = (math.ceil(value / unit) * unit for value in (first, first * times))
    return wanted if wanted <= most else max(asked, math.floor(most))
