"""What a GPU of each kind does in a second, and the assumptions by which seconds follow from FLOPs."""

from dataclasses import dataclass

from grunflow.costs.memory import GIB


@dataclass(frozen=True)
class Device:
    """gpu_bytes: 0 for a CPU. flops: dense bf16 peak (of the CPU: float32, one core). bandwidth: bytes per second."""

    gpu_bytes: int
    flops: float
    bandwidth: float


# Makers' data sheets. CPU: 102 GFLOP/s in a product of one thread, docs/performance.md.
CPU = Device(0, 100e9, 10e9)
DEVICES = {
    "a100-40gb": Device(40 * GIB, 312e12, 1.55e12),
    "a100-80gb": Device(80 * GIB, 312e12, 2.0e12),
    "h100-80gb": Device(80 * GIB, 989e12, 3.35e12),
    "h200-141gb": Device(141 * GIB, 989e12, 4.8e12),
    "l40s-48gb": Device(48 * GIB, 362e12, 0.86e12),
    "none": CPU,
}
# Assumptions, measured on no GPU by us: shares of peak FLOPs and of peak bandwidth that training reaches, bytes a second of
# a shared file system, seconds until a job has imported torch and reached its first step, share of a GPU's memory to plan
# with.
UTILISATION, BANDWIDTH_SHARE, DISK, START_SECONDS, GPU_SHARE = 0.3, 0.6, 0.5e9, 60.0, 0.92


def compute_seconds(device: Device, flops: float | int, weight_reads: float | int) -> float:
    """The longer of computing and of reading weights from memory (`weight_reads` bytes): small batches wait for those."""
    return max(flops / (UTILISATION * device.flops), weight_reads / (BANDWIDTH_SHARE * device.bandwidth))


def write_seconds(size: int) -> float:
    """To write (or read) so many bytes on the shared file system."""
    return size / DISK
