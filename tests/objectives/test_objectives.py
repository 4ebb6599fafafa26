"""Terms against their formulas in float64, computed here from the logits."""

import math
from typing import Any

import pytest
import torch

from grunflow.config import facts
from grunflow.config.facts import OBJECTIVE
from grunflow.config.parts import RETAIN_TERMS
from grunflow.fixtures.parts import objective
from grunflow.models.scores import Scores, score
from grunflow.objectives import retain
from grunflow.objectives.gate import gate_bce
from grunflow.objectives.scores import Pair

NLL, COUNT, REFERENCE = [3.0, 8.0], [2, 4], [2.5, 9.0]
NAMES = ("dpo", "ga", "gd", "idk", "kl", "learn", "npo", "rmu", "simnpo", "undial")
STATES = {"rmu": {"layer": 1, "steering": 5.0}}


def some_scores(nll: list[float], seed: int = 0) -> Scores:
    """Two rows with six labels; logits over five words, unrelated to the NLLs: no term mixes the two."""
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(6, 5, generator=generator)
    every = torch.randn(2, 7, 5, generator=generator)
    return Scores(torch.tensor(nll), torch.tensor(COUNT), 2, 6, logits, torch.tensor([0, 1, 2, 3, 4, 0]), every)


def pair(shift: float = 0.0) -> Pair:
    return Pair(some_scores([nll + shift for nll in NLL]), some_scores(REFERENCE, seed=1))


def token_nll(logits, labels):
    scored = score(logits, labels)
    return scored.nll_sum, scored.n_labels


def term(name: str, answers: Pair | None, refusals: Pair | None = None, **keys: Any) -> float:
    """An objective's forget term."""
    goal = objective(name, **keys)
    return goal.forget(answers, refusals, goal.spec).item()


def test_a_config_may_use_every_objective_and_retain_term_that_has_a_file_or_function() -> None:
    assert facts.names(OBJECTIVE) == NAMES
    assert tuple(retain.READS) == RETAIN_TERMS
    assert {*retain.TERMS, "none"} == set(RETAIN_TERMS)


def test_token_nll_sums_labelled_tokens_only() -> None:
    logits = torch.randn(2, 5, 7, generator=torch.Generator().manual_seed(0))
    labels = torch.tensor([[-100, -100, 3, 4, -100], [-100, 1, 2, 3, 6]])
    got, count = token_nll(logits, labels)
    p = logits.double().softmax(-1)
    expected = [
        -math.log(p[0, 1, 3]) - math.log(p[0, 2, 4]),
        -sum(math.log(p[1, i, labels[1, i + 1]]) for i in range(4)),
    ]
    assert got.tolist() == pytest.approx(expected, rel=1e-6)
    assert count.tolist() == [2, 4]


def test_padding_changes_no_loss(make_model, batch) -> None:
    model = make_model()
    logits = model(**batch.inputs()).logits
    padded, _ = token_nll(logits, batch.labels)
    alone, _ = token_nll(model(input_ids=batch.input_ids[1:2, :6]).logits, batch.labels[1:2, :6])
    assert padded[1].item() == pytest.approx(alone[0].item(), abs=1e-5)


def test_ascent_and_refusal_are_token_means_of_opposite_sign() -> None:
    for name in ("ga", "gd", "kl"):
        assert term(name, pair()) == pytest.approx(-11 / 6)
    assert term("idk", None, pair()) == pytest.approx(11 / 6)
    assert retain.nll(pair(), objective("gd").spec).item() == pytest.approx(11 / 6)


def test_npo_is_its_formula_and_falls_as_the_answer_becomes_less_likely() -> None:
    expected = (
        -(2 / 0.1)
        * sum(math.log(1 / (1 + math.exp(-0.1 * (nll - ref)))) for nll, ref in zip(NLL, REFERENCE, strict=True))
        / 2
    )
    assert term("npo", pair()) == pytest.approx(expected, rel=1e-6)
    assert term("npo", pair(shift=5)) < term("npo", pair())


def log_sigmoid(x: float) -> float:
    return -math.log1p(math.exp(-x))


def test_dpo_prefers_refusals() -> None:
    refusals = Pair(some_scores([1.0, 2.0]), some_scores([4.0, 3.0]))
    margins = [(3.0 - 2.5) - (1.0 - 4.0), (8.0 - 9.0) - (2.0 - 3.0)]
    expected = -(2 / 0.1) * sum(log_sigmoid(0.1 * margin) for margin in margins) / 2
    assert term("dpo", pair(), refusals) == pytest.approx(expected, rel=1e-6)


def test_simnpo_reads_the_mean_nll_and_no_reference() -> None:
    expected = -(2 / 2.5) * sum(log_sigmoid(2.5 * (nll / n - 0.3)) for nll, n in zip(NLL, COUNT, strict=True)) / 2
    assert term("simnpo", Pair(some_scores(NLL)), beta=2.5, delta=0.3) == pytest.approx(expected, rel=1e-6)


def test_undial_distils_the_reference_with_the_label_lowered() -> None:
    both = pair()
    lowered = both.known.logits.double().clone()
    lowered[torch.arange(6), both.known.label_ids] -= 3.0
    expected = -(lowered.softmax(-1) * both.current.logits.double().log_softmax(-1)).sum() / 6
    assert term("undial", both, beta=3.0) == pytest.approx(expected.item(), rel=1e-6)


@pytest.mark.parametrize(("positions", "count"), [("labels", 6), ("all", 14)])
def test_kl_is_from_the_reference_to_the_trained_model(positions: str, count: int) -> None:
    both = pair()
    ours, theirs = (
        (scores.logits if positions == "labels" else scores.every_logit.flatten(0, 1)).double().log_softmax(-1)
        for scores in (both.current, both.known)
    )
    expected = (theirs.exp() * (theirs - ours)).sum() / count
    got = retain.kl(both, objective("kl", kl_positions=positions).spec)
    assert got.item() == pytest.approx(expected.item(), rel=1e-5)


def test_sequence_reduction_is_a_mean_of_row_sums() -> None:
    assert retain.nll(pair(), objective("gd", reduction="sequence").spec).item() == pytest.approx(5.5)


def test_pooled_reduction_is_one_mean_over_refusals_and_retain_rows() -> None:
    kept = Pair(some_scores([2.0, 2.0]))
    kept.current.labels = 4
    got = objective("idk", reduction="pooled").loss(None, pair(), kept)
    assert got.item() == pytest.approx((11 + 4) / (6 + 4))


@pytest.mark.parametrize("name", [name for name in NAMES if name != "rmu"])
@pytest.mark.parametrize("retained", [name for name in RETAIN_TERMS if name != "match"])
def test_every_objective_goes_with_every_retain_term(name: str, retained: str) -> None:
    goal = objective(name, retain=retained)
    got = goal.loss(pair() if goal.answers else None, pair() if goal.refusals else None, pair())
    assert math.isfinite(got.item())


@pytest.mark.parametrize("name", NAMES)
def test_what_an_objective_reads_is_what_its_file_says(name: str) -> None:
    """Its terms are given no more than that, so they would fail without it."""
    told, goal = facts.facts(facts.file_of(OBJECTIVE, name)), objective(name, **STATES.get(name, {}))
    assert (goal.answers, goal.refusals) == ("answers" in told["READS"], "refusals" in told["READS"])
    assert goal.reference == told.get("REFERENCE", "")
    assert goal.states == told.get("STATES", False)
    assert goal.spec.retain == told["RETAIN"]
    known = {told.get("REFERENCE", ""), retain.READS[told["RETAIN"]]} - {""}
    assert goal.known == known


def test_a_missing_reference_says_so() -> None:
    with pytest.raises(ValueError, match="before unlearning"):
        term("npo", Pair(some_scores(NLL)))


def test_gate_loss_is_the_mean_over_layers_and_examples_and_keeps_its_gradient_when_saturated() -> None:
    opened, closed = [torch.tensor([0.0, 2.0]), torch.tensor([1.0, -1.0])], [torch.tensor([0.5]), torch.tensor([-3.0])]
    terms = [math.log(1 + math.exp(-x)) for x in (0, 2, 1, -1)] + [math.log(1 + math.exp(x)) for x in (0.5, -3)]
    assert gate_bce(opened, closed).item() == pytest.approx(sum(terms) / 6, rel=1e-6)
    saturated = torch.tensor([-200.0], requires_grad=True)
    gate_bce([saturated], [torch.tensor([0.0])]).backward()
    assert saturated.grad is not None
    assert saturated.grad.item() == pytest.approx(-0.5)


def test_the_authors_gate_loss_reads_probabilities_and_loses_the_gradient_when_saturated() -> None:
    saturated = torch.tensor([-200.0], requires_grad=True)
    value = gate_bce([saturated], [torch.tensor([0.0])], form="probabilities")
    value.backward()
    assert value.item() == pytest.approx((100 + math.log(2)) / 2)
    assert saturated.grad is not None
    assert saturated.grad.item() == 0
