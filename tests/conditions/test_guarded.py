"""A probe with a refusal: where it closes the refusal comes first, elsewhere the model is the target, to the number."""

from pathlib import Path

import pandas as pd
import pytest
import torch

from grunflow.conditions import guarded
from grunflow.config.reading import read_study
from grunflow.config.typed import read_yaml
from grunflow.errors import BadInput
from tests.conditions.trained import condition, own, scores, unlearned

REFUSAL = "I don't know."


@pytest.mark.parametrize("engine", ["fast", "plain"])
def test_a_perfect_probe_refuses_what_is_to_be_forgotten_and_is_the_target_elsewhere(engine: str, world: Path) -> None:
    """Twelve questions in sixteen dimensions: almost no penalty tells them apart. `begun` puts the same words before the answer."""
    plain, refused, found = (
        scores(world, (), put, engine).set_index(["set", "index"])
        for put in (
            condition("plain"),
            condition("begun", words=REFUSAL),
            condition("guarded", block=1, words=REFUSAL, penalty=1e-6),
        )
    )
    assert set(found.loc["forget", "generation"]) == {REFUSAL}
    assert REFUSAL not in set(found.loc["retain", "generation"])
    numbers = ["nll_answer", "n_answer", "nll_paraphrased", "n_paraphrased"]
    for name, wanted in (("forget", refused), ("retain", plain)):
        pd.testing.assert_frame_equal(found.loc[name, numbers], wanted.loc[name, numbers], rtol=1e-5)
    assert found.loc["retain", "generation"].equals(plain.loc["retain", "generation"])
    assert (abs(refused["nll_answer"] - plain["nll_answer"]) > 1e-3).all(), "the two are not alike by chance"


@pytest.mark.parametrize("closes", [False, True])
def test_a_probe_that_always_says_the_same(closes: bool, world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        guarded, "fitted", lambda states, wanted, penalty: lambda rows: torch.full((len(rows),), closes)
    )
    run = (unlearned(world, "grun"),)
    plain, found = (scores(world, run, put) for put in (condition("plain"), condition("guarded", block=0)))
    if closes:
        assert set(found["generation"]) == {REFUSAL}
    else:
        pd.testing.assert_frame_equal(own(found), own(plain), check_exact=True)


def test_both_kinds_of_questions_weigh_the_same() -> None:
    """Two clouds, one of ten times as many rows: the border lies halfway; without separation the many do not win by number."""
    made = torch.Generator().manual_seed(0)
    many, few = (torch.randn(number, 3, generator=made) + shift for number, shift in ((500, -1.0), (50, 1.0)))
    closes = guarded.fitted(torch.cat([many, few]), torch.cat([torch.zeros(500), torch.ones(50)]), 1.0)
    shares = [float(closes(cloud).float().mean()) for cloud in (many, few)]
    assert shares[0] == pytest.approx(1 - shares[1], abs=0.06)
    assert shares[1] > 0.8


def test_a_study_whose_model_has_no_such_block_is_refused() -> None:
    given = read_yaml("config/robustness.yaml", "config")
    given["conditions"]["guarded"]["block"] = 4
    with pytest.raises(BadInput) as refused:
        read_study(given)
    assert str(refused.value) == (
        "conditions.guarded.block: got 4, expected a whole number from 0 to 3, a block of model 'tiny'."
    )


def test_a_block_that_a_loaded_model_does_not_have_is_refused(world: Path) -> None:
    with pytest.raises(BadInput, match=r"conditions\.guarded\.block: got 3; expected a block of the model, 0 to 2\."):
        scores(world, (), condition("guarded", block=3))
