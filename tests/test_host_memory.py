"""What is left of the memory of a machine or of a control group, on made-up files of the kernel's forms."""

from pathlib import Path

import pytest

from grunflow import host_memory

MIB = 2**20


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "proc" / "self").mkdir(parents=True)
    (tmp_path / "proc" / "meminfo").write_text("MemTotal: 9216 kB\nMemAvailable:  8192 kB\n")
    monkeypatch.setattr(host_memory, "PROC", tmp_path / "proc")
    monkeypatch.setattr(host_memory, "GROUPS", tmp_path / "groups")
    return tmp_path


def grouped(kernel: Path, line: str, place: str, **files: str) -> None:
    (kernel / "proc" / "self" / "cgroup").write_text(f"3:cpuset:/\n{line}\n")
    folder = kernel / "groups" / place
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)


def test_without_a_limit_it_is_the_machines(kernel: Path) -> None:
    grouped(kernel, "0::/job", "job", memory__max="max\n", memory__current="5\n")
    assert host_memory.free() == 8 * MIB


def test_a_limit_above_the_processs_own_group_counts_and_cached_pages_do_not(kernel: Path) -> None:
    grouped(
        kernel,
        "0::/job/step",
        "job",
        memory__max=f"{6 * MIB}",
        memory__current=f"{5 * MIB}",
        memory__stat=f"anon 1\ninactive_file {2 * MIB}\n",
    )
    assert host_memory.free() == 3 * MIB


def test_the_older_form(kernel: Path) -> None:
    of = {"memory__limit_in_bytes": f"{4 * MIB}", "memory__usage_in_bytes": f"{3 * MIB}"}
    grouped(kernel, "4:memory:/job", "memory/job", memory__stat=f"inactive_file 0\ntotal_inactive_file {MIB}\n", **of)
    assert host_memory.free() == 2 * MIB


def test_a_group_that_is_not_seen_from_here_limits_nothing(kernel: Path) -> None:
    grouped(kernel, "4:memory:/elsewhere", "memory/job")
    assert host_memory.free() == 8 * MIB


def test_of_this_very_machine() -> None:
    assert 0 <= host_memory.free() < 2**50
