"""The NLL of labels and its gradient, against torch's own cross-entropy."""

import torch

from grunflow.models.scores import label_scores


def test_nll_and_its_gradient_are_those_of_cross_entropy() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = 30 * torch.randn(7, 50, generator=generator)
    labels, row = torch.randint(0, 50, (7,), generator=generator), torch.tensor([0, 0, 1, 2, 2, 2, 1])
    weights = torch.tensor([1.0, -2.0, 0.5])
    ours, theirs = (logits.clone().requires_grad_() for _ in range(2))
    found = label_scores(ours, labels, row, 3)
    (weights * found.nll_sum).sum().backward()
    nll = torch.nn.functional.cross_entropy(theirs, labels, reduction="none")
    (weights[row] * nll).sum().backward()
    torch.testing.assert_close(found.nll_sum, torch.zeros(3).index_add(0, row, nll.detach()))
    torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-5, atol=1e-7)


def test_a_label_without_probability_has_a_finite_nll_and_gradient() -> None:
    """exp(-200) is 0 in float32."""
    logits = torch.tensor([[200.0, 0.0]], requires_grad=True)
    found = label_scores(logits, torch.tensor([1]), torch.tensor([0]), 1)
    found.nll_sum.sum().backward()
    assert found.nll_sum.tolist() == [200.0]
    assert logits.grad is not None
    assert logits.grad.tolist() == [[1.0, -1.0]]


def test_bfloat16_logits_are_scored_in_float32() -> None:
    logits = torch.randn(4, 9, generator=torch.Generator().manual_seed(1)).bfloat16().requires_grad_()
    found = label_scores(logits, torch.arange(4), torch.zeros(4, dtype=torch.long), 1)
    assert found.nll_sum.dtype == torch.float32
    found.nll_sum.sum().backward()
    assert logits.grad is not None
    assert logits.grad.dtype == torch.bfloat16
