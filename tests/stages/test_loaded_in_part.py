"""Training and its cache with a model that is loaded in part give the bytes that the whole model gives."""

from pathlib import Path
from typing import Any

import pytest

from grunflow.config.parts import CarrierSpec
from grunflow.config.sets import DataSet, ProbeSpec
from grunflow.config.specs import SnapshotSpec
from grunflow.stages import cache_frozen_states, unlearn
from grunflow.training import method
from tests.parts import carrier, objective
from tests.stages.made import made
from tests.stages.test_cache_frozen_states import cache, run

ASKED = DataSet(name="forget", role="forget", file="sets/forget10.jsonl", rows=2)


def bytes_of(folder: Path) -> dict[str, bytes]:
    files = [path for path in sorted(folder.rglob("*")) if path.suffix in (".safetensors", ".parquet", ".json")]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files if path.name != "manifest.json"}


def whole(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (method, cache_frozen_states):
        monkeypatch.setattr(module, "load_from", lambda *given: None)


def both(
    given: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, of_cache: Any, spec: Any
) -> list[dict[str, bytes]]:
    found = []
    for name in ("part", "whole"):
        if name == "whole":
            whole(monkeypatch)
        inputs = {"data": given / "data", "start": given / "target0"}
        states = made(tmp_path / f"{name}_states", cache_frozen_states, of_cache, **inputs)
        trained = made(tmp_path / name, unlearn, spec, **inputs, frozen=states)
        found.append(bytes_of(states) | bytes_of(trained))
    return found


@pytest.mark.parametrize(
    ("kind", "on"),
    [
        ("gd", carrier("grun", rank=2, layers=(0, 1), gate="linear", gate_weight=1)),
        ("npo", carrier("reft", rank=2, layers=(0,))),
        ("idk", carrier("grun", rank=2, layers=(1,), gate="mlp_3", gate_weight=1)),
    ],
    ids=["gd_grun", "npo_reft", "idk_grun"],
)
def test_a_run_on_its_upper_blocks_is_the_wholes_to_the_last_bit(
    kind: str,
    on: CarrierSpec,
    two_targets: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Refusals follow from the seed and are in no cache: the run computes them itself, block by block (idk)."""
    first = on.edits_from()
    with caplog.at_level("INFO"):
        part, expected = both(
            two_targets, tmp_path, monkeypatch, cache(first=first), run(objective=objective(kind), carrier=on)
        )
    assert part == expected
    assert len(part) > 3
    assert caplog.text.count(f"{1 - (first or 0)} of 2 blocks are loaded") == 1


@pytest.mark.parametrize(
    "more",
    [
        {"engine": "plain"},
        {"carrier": carrier("lora", rank=2, alpha=4, dropout=0)},
        {"snapshots": SnapshotSpec(count=1, probe=ProbeSpec(kind="answers", sets=(ASKED,)))},
    ],
    ids=["plain", "lora", "asked"],
)
def test_who_runs_the_lower_blocks_has_them(
    more: dict[str, Any], two_targets: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO"):
        made(tmp_path / "run", unlearn, run(**more), data=two_targets / "data", start=two_targets / "target0")
    assert "blocks are loaded" not in caplog.text
