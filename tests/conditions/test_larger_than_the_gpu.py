"""Runs whose model is larger than the device, blocks of which wait in files, score what they score where it fits."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from grunflow.config.parts import CarrierSpec
from grunflow.errors import BadInput
from grunflow.models import offloaded
from tests.conditions.trained import condition, scores, unlearned

ASKED: dict[str, tuple[str | None, str, dict[str, Any]]] = {
    "the target": (None, "plain", {}),
    "full": ("full", "plain", {}),
    "reft": ("reft", "plain", {}),
    "grun": ("grun", "plain", {}),
    "along strengths": ("grun", "scaled", {"strengths": (0.0, 0.5, 1.0)}),
    "a shut gate": ("grun", "gated", {"gate": 0}),
    "a guardrail": ("grun", "guarded", {"block": 1}),
    "drawn answers": ("grun", "sampled", {}),
}


def carriers_of(world: Path, name: str | None) -> tuple[CarrierSpec, ...]:
    return (unlearned(world, name),) if name else ()


@pytest.fixture
def too_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A device on which no block finds room."""
    monkeypatch.setattr(offloaded, "gpu_bytes", lambda: 1)


@pytest.mark.parametrize("name", ASKED)
def test_its_scores_are_those_of_the_whole_model(
    name: str, world: Path, request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture
) -> None:
    carrier, kind, keys = ASKED[name]
    run, put = carriers_of(world, carrier), condition(kind, **keys)
    whole = scores(world, run, put)
    request.getfixturevalue("too_small")
    caplog.set_level("INFO", offloaded.__name__)
    pd.testing.assert_frame_equal(scores(world, run, put), whole, check_exact=True)
    assert "3 of 3 blocks wait outside the GPU" in caplog.text


@pytest.mark.parametrize(
    ("name", "kind", "keys"),
    [("full", "scaled", {"strength": 0.5}), ("lora", "plain", {}), ("grun", "quantised", {"grid": "nf4"})],
)
def test_what_works_on_weights_is_refused(
    name: str, kind: str, keys: dict[str, str], world: Path, request: Any
) -> None:
    run = carriers_of(world, name)
    request.getfixturevalue("too_small")
    with pytest.raises(BadInput, match="the model is larger than this GPU, on which only edits"):
        scores(world, run, condition(kind, **keys))
