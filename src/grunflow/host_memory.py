"""How much more memory processes of this job may take on their machine, before the kernel ends one of them."""

from pathlib import Path

PROC, GROUPS = Path("/proc"), Path("/sys/fs/cgroup")
# Limit and use of a control group, version 2 and version 1; the use counts pages of files, which are given up when they are needed.
FILES = (("memory.max", "memory.current", "inactive_file"), ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"))  # fmt: skip


def free() -> int:
    """Bytes: what the machine has left or, where a control group (of SLURM, of a container) allows less, what that has left.

    Source: the kernel's admin-guide/cgroup-v2 and cgroup-v1/memory; a limit may be set at any group above this process's.
    """
    found = [int(_value(PROC / "meminfo", "MemAvailable:")) * 1024]
    for line in (PROC / "self" / "cgroup").read_text().splitlines():
        _, kinds, place = line.split(":", 2)
        if kinds and "memory" not in kinds.split(","):
            continue
        root = GROUPS / "memory" if kinds else GROUPS
        own = root / place.strip("/")
        above = [group for group in (own, *own.parents) if group.is_relative_to(root)]
        found += [left for group in above if (left := _left(group)) is not None]
    return max(0, min(found))


def _left(group: Path) -> int | None:
    """What a control group has left; None where it sets no limit, or is not seen from here."""
    for limit, used, cached in FILES:
        try:
            most = (group / limit).read_text().strip()
            if most == "max":
                return None
            return int(most) - int((group / used).read_text()) + int(_value(group / "memory.stat", cached))
        except OSError:
            continue
    return None


def _value(file: Path, name: str) -> str:
    """The word behind `name` on its line; 0 where there is no such line."""
    return next((words[1] for line in file.read_text().splitlines() if (words := line.split())[:1] == [name]), "0")
