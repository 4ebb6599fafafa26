"""What a GPU of each kind does in a second, and the assumptions by which seconds follow from FLOPs."""

from dataclasses import dataclass

from grunflow.costs.memory import GIB


@dataclass(frozen=True)
class Device:
    """gpu_bytes: 0 for a CPU. flops: dense bf16 peak (of the CPU: float32, one core). bandwidth: bytes per second. share: of
    `flops` that a training reaches. start: seconds until a job has imported torch and reached its first step. launch: seconds until
    an operation has begun, however small it is."""

    gpu_bytes: int
    flops: float
    bandwidth: float
    share: float = 0.3
    start: float = 60.0
    launch: float = 8e-6


# Makers' data sheets. CPU: 102 GFLOP/s in a product of one thread, docs/performance.md; the rest as `grunflow plan --against` found it;
# jobs beside Snakemake are forked from a process that has imported everything (warm.py), which a start of a CPU counts on.
CPU = Device(0, 100e9, 10e9, share=0.66, start=1.0, launch=12e-6)
DEVICES = {
    "a100-40gb": Device(40 * GIB, 312e12, 1.55e12),
    "a100-80gb": Device(80 * GIB, 312e12, 2.0e12),
    "h100-80gb": Device(80 * GIB, 989e12, 3.35e12),
    "h200-141gb": Device(139 * GIB, 989e12, 4.8e12),
    "l40s-48gb": Device(44 * GIB, 362e12, 0.86e12),
    "none": CPU,
}
ALONE = 3.5  # seconds more on a CPU of a job that starts by itself (docs/performance.md, a study on SLURM)
# Assumptions, measured on no GPU by us, as every share, start and launch of a GPU above: share of peak bandwidth, bytes a second of a
# shared file system, share of a GPU's memory to plan with; operations of a block on its way up (counted off a Llama-like one: norms,
# rotary angles and attention in parts).
BANDWIDTH_SHARE, DISK, GPU_SHARE, OPERATIONS = 0.6, 0.5e9, 0.92, 40
TO_HOST = 8e9  # bytes a second between a GPU and pages of the host's memory; assumed, a quarter of PCI Express 4.0 x16
LITTLE = 10.0  # seconds of a job that loads no model: tables, figures, a report


def compute_seconds(device: Device, flops: float | int, read: float | int, blocks: float | int = 0) -> float:
    """Of computing, of reading so many bytes of weights from memory, and of starting the operations of so many passes up through a
    block: on a GPU the longest, where small batches wait for the last two; a CPU starts an operation when the one before has ended."""
    working = max(flops / (device.share * device.flops), read / (BANDWIDTH_SHARE * device.bandwidth))
    starting = blocks * OPERATIONS * device.launch
    return max(working, starting) if device.gpu_bytes else working + starting


def write_seconds(size: int) -> float:
    """To write (or read) so many bytes on the shared file system."""
    return size / DISK
