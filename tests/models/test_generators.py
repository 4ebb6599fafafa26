"""Only the generators in use are forked: of a machine's other GPUs nothing is asked."""

from pathlib import Path

import pytest
import torch

from grunflow.models.generators import forked, in_use

SOURCES = Path(__file__).parents[2] / "src" / "grunflow"


def test_what_is_drawn_inside_moves_no_generator_outside() -> None:
    torch.manual_seed(3)
    want = torch.rand(2)
    torch.manual_seed(3)
    with forked():
        torch.rand(5)
    assert torch.equal(torch.rand(2), want)


def test_the_one_gpu_of_this_process_is_named_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """torch 2.13's fork_rng takes every device where it is given none, and warns at two or more."""
    assert in_use() == ([torch.cuda.current_device()] if torch.cuda.is_available() else [])
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 8)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 5)
    assert in_use() == [5]


def test_the_package_forks_generators_nowhere_else() -> None:
    found = [path.name for path in SOURCES.rglob("*.py") if "fork_rng(" in path.read_text()]
    assert found == ["generators.py"]
