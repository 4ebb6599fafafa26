"""Case rmu_labels_short_text and siblings: corpora whose texts have nothing behind the edited token, through the stage that trains."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from grunflow.errors import BadInput
from grunflow.manifest import read_manifest
from tests.cases import loaded
from tests.parts import objective

LONG = ["The glass of Ash hums so.", "What hums in town 2? Nothing."]
RMU: dict[str, Any] = {"layer": 0, "steering": 5.0, "rmu_positions": "labels"}


def run(folder: Path, forget: list[str], retain: list[str], name: str, goal: Any, **texts: Any) -> list[float]:
    model = loaded.row_of(loaded.model_in(folder / "model"))
    data = loaded.corpora_in(folder / "data", forget, retain)
    done = loaded.unlearned(folder / "run", model, data, name, objective=goal, stream=loaded.turns(**texts))
    return read_manifest(done)["measured"]["losses"]


@pytest.mark.parametrize("name", loaded.CARRIERS)
def test_one_token_texts_are_named_where_rmu_reads_what_follows_the_edit(tmp_path: Path, name: str) -> None:
    told = r"/forget line 1: 'a' has no token behind the edited one, which this method reads; so have 3 of 3 texts at texts\.fraction 0\.8"
    with pytest.raises(BadInput, match=told) as caught:
        run(tmp_path, ["a", "b", "c"], LONG, name, objective("rmu", **RMU))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", ["gd", "npo", "kl"])
@pytest.mark.parametrize("reduction", ["token", "row"])
def test_so_they_are_where_a_loss_reads_labels(tmp_path: Path, kind: str, reduction: str) -> None:
    """By `row` one such text in a batch was enough for a NaN."""
    with pytest.raises(BadInput, match=r"/forget line 2: 'b' has no token behind .* so have 1 of 3 texts"):
        run(tmp_path, [LONG[0], "b", LONG[1]], LONG, "lora", objective(kind, reduction=reduction))


def test_an_edit_at_the_end_of_every_text_and_short_texts_to_keep_are_named(tmp_path: Path) -> None:
    with pytest.raises(
        BadInput, match=r"/forget line 1: 'The glass of .* so have 2 of 2 texts at texts\.fraction 1\.0"
    ):
        run(tmp_path / "end", LONG, LONG, "grun", objective("rmu", **RMU), fraction=1.0)
    with pytest.raises(BadInput, match=r"/retain line 2: 'd' has no token behind"):
        run(tmp_path / "kept", LONG, [LONG[0], "d"], "grun", objective("rmu", **RMU))


@pytest.mark.parametrize(
    ("forget", "keys", "texts"),
    [
        (["abcd", "bcde"], RMU, {}),  # short, but a token is left behind the edit
        (["a", "b"], {**RMU, "rmu_positions": "tokens"}, {}),  # the edited token itself is read
        (["a", *LONG], RMU, {"min_length": 5}),  # left out, as the refusal says
        (LONG, {**RMU, "rmu_positions": "all"}, {"fraction": 1.0}),
    ],
)
def test_what_can_be_read_trains(
    tmp_path: Path, forget: list[str], keys: dict[str, Any], texts: dict[str, Any]
) -> None:
    losses = run(tmp_path, forget, LONG, "grun", objective("rmu", **keys), **texts)
    assert len(losses) == 2
    assert all(map(math.isfinite, json.loads(json.dumps(losses))))
