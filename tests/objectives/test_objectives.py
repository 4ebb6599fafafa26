"""Terms against their formulas in float64, computed here from the logits."""

import math

import pytest
import torch

from grunflow.config import names
from grunflow.config.specs import Objective
from grunflow.objectives import OBJECTIVES, forget, retain
from grunflow.objectives.gate import gate_bce
from grunflow.objectives.scores import Scores, token_nll

NLL, COUNT, REFERENCE = [3.0, 8.0], [2, 4], [2.5, 9.0]
SPEC = Objective(name="npo", beta=0.1)


def scores() -> Scores:
    return Scores(torch.tensor(NLL), torch.tensor(COUNT), torch.tensor(REFERENCE))


def test_the_table_holds_the_names_a_config_may_use() -> None:
    assert set(OBJECTIVES) == set(names.OBJECTIVES)


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
    logits = model(input_ids=batch.input_ids, attention_mask=batch.attention_mask).logits
    padded, _ = token_nll(logits, batch.labels)
    alone, _ = token_nll(model(input_ids=batch.input_ids[1:2, :6]).logits, batch.labels[1:2, :6])
    assert padded[1].item() == pytest.approx(alone[0].item(), abs=1e-5)


def test_ascent_and_refusal_are_token_means_of_opposite_sign() -> None:
    assert forget.gradient_ascent(scores(), SPEC).item() == pytest.approx(-11 / 6)
    assert forget.refusal(scores(), SPEC).item() == pytest.approx(11 / 6)
    assert retain.nll(scores(), SPEC).item() == pytest.approx(11 / 6)


def test_npo_is_its_formula_and_falls_as_the_answer_becomes_less_likely() -> None:
    expected = (
        -(2 / 0.1)
        * sum(math.log(1 / (1 + math.exp(-0.1 * (nll - ref)))) for nll, ref in zip(NLL, REFERENCE, strict=True))
        / 2
    )
    assert forget.npo(scores(), SPEC).item() == pytest.approx(expected, rel=1e-6)
    unlearned = Scores(torch.tensor(NLL) + 5, torch.tensor(COUNT), torch.tensor(REFERENCE))
    assert forget.npo(unlearned, SPEC) < forget.npo(scores(), SPEC)


def test_npo_without_its_reference_says_so() -> None:
    with pytest.raises(ValueError, match="needs reference_nll_sum"):
        forget.npo(Scores(torch.tensor(NLL), torch.tensor(COUNT), None), SPEC)


def test_gate_loss_is_the_mean_over_layers_and_examples_and_keeps_its_gradient_when_saturated() -> None:
    opened, closed = [torch.tensor([0.0, 2.0]), torch.tensor([1.0, -1.0])], [torch.tensor([0.5]), torch.tensor([-3.0])]
    terms = [math.log(1 + math.exp(-x)) for x in (0, 2, 1, -1)] + [math.log(1 + math.exp(x)) for x in (0.5, -3)]
    assert gate_bce(opened, closed).item() == pytest.approx(sum(terms) / 6, rel=1e-6)
    saturated = torch.tensor([-200.0], requires_grad=True)
    gate_bce([saturated], [torch.tensor([0.0])]).backward()
    assert saturated.grad is not None
    assert saturated.grad.item() == pytest.approx(-0.5)
