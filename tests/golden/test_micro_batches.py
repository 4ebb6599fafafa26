"""The authors' losses in micro-batches of one row: what is compared, that it agrees, and that another reduction is found."""

from typing import Any

import pytest
import torch
from tests.models.families import tiny

from grunflow.data.batching import Batch, collate
from grunflow.data.prompts import Example
from grunflow.fixtures import micro_batches
from grunflow.fixtures.micro_batches import row_by_row, rows_of
from grunflow.fixtures.parts import carried, objective
from grunflow.training.step import Texts, step_loss

GOALS: dict[str, dict[str, Any]] = {
    "gd": {}, "ga": {}, "npo": {"forget_weight": 0.1375}, "idk": {"reduction": "pooled"}, "dpo": {}, "kl": {"kl_positions": "all"},
}  # fmt: skip


def batch(seed: int, rows: int = 5) -> Batch:
    """Answers of 2 to 14 tokens: the mean over labels is far from the mean over rows."""
    generator = torch.Generator().manual_seed(seed)
    return collate(
        [Example(torch.randint(4, 64, (6 + 3 * i,), generator=generator).tolist(), 4) for i in range(rows)], pad_id=0
    )


def texts(name: str) -> Texts:
    goal = objective(name, **GOALS[name])
    return Texts(batch(0) if goal.answers else None, batch(1) if goal.refusals else None, batch(2))


@pytest.mark.parametrize("name", GOALS)
def test_a_batch_reduced_by_rows_equals_rows_alone(name: str) -> None:
    goal, before = objective(name, **GOALS[name]), tiny("llama")
    for parameter in before.parameters():
        parameter.data.mul_(1.5)
    found = {item.quantity: item for item in row_by_row("F", name, tiny("llama"), before, goal, texts(name))}
    assert found.keys() == {f"{name}.row.loss", f"{name}.row.grad"}
    assert not [item for item in found.values() if item.off]


@pytest.mark.parametrize("name", ["gd", "ga", "idk", "kl"])
def test_a_mean_over_labels_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(micro_batches, "ALONE", {"token": "token", "pooled": "pooled"})
    goal = objective(name, **GOALS[name])
    assert all(item.off for item in row_by_row("F", name, tiny("llama"), tiny("llama"), goal, texts(name)))


def test_the_mean_over_rows_is_that_of_transformers_own_losses_of_rows_alone() -> None:
    """What the authors' baselines call at micro-batch 1: a model's `labels=` loss, averaged over the row's labels."""
    model, rows = tiny("llama"), Texts(batch(2), None, None)
    alone = [part.answers for part in rows_of(rows)]
    assert [part.n_rows for part in alone] == [1] * 5
    expected = torch.stack([model(**part.inputs(), labels=part.labels).loss for part in alone]).mean()
    ours = step_loss(carried(model, "full"), None, objective("ga", reduction="row"), rows)
    assert torch.allclose(-ours, expected, rtol=1e-6)


def test_sums_over_rows_and_batches_of_other_sizes_are_left_out() -> None:
    model = tiny("llama")
    assert not list(row_by_row("F", "gd", model, model, objective("gd", reduction="sequence"), texts("gd")))
    uneven = Texts(batch(0), None, batch(2, rows=4))
    assert not list(row_by_row("F", "gd", model, model, objective("gd"), uneven))
