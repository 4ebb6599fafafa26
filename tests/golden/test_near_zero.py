"""Average losses near 0, of answers that a model knows by heart: what a fixture's tolerance must allow, and what not."""

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from grunflow.evaluation.scoring import Likelihoods
from grunflow.evaluation.truth_ratio import on_others, raw_ratio
from grunflow.fixtures.compare import LOSS_FLOOR, Row, Tolerance, row
from grunflow.fixtures.peer import _probabilities
from grunflow.models.scores import score

ROWS, LENGTH, WORDS = 6, 12, 384
LABELS = torch.tensor([LENGTH - 1] * ROWS)


def known_by_heart(surplus: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits whose right word lies `surplus` above others of spread 2; labels, of which the first position has none."""
    generator = torch.Generator().manual_seed(0)
    logits = 2 * torch.randn(ROWS, LENGTH, WORDS, generator=generator) + 20
    labels = torch.randint(0, WORDS, (ROWS, LENGTH), generator=generator)
    right = labels.roll(-1, dims=1)[..., None]
    return logits.scatter_add(2, right, torch.full(right.shape, surplus)), labels


def peers(logits: torch.Tensor, labels: torch.Tensor) -> np.ndarray:
    """evals/metrics/utils.py, evaluate_probability (open-unlearning d3d7cf9): classes in dimension 1."""
    losses = cross_entropy(logits[:, :-1].transpose(-1, -2), labels[:, 1:], reduction="none").sum(dim=-1)
    return (losses / (LENGTH - 1)).double().numpy()


def checked(stored: np.ndarray, nll_sum: torch.Tensor) -> dict[str, Row]:
    """The rows of world facts, as the check of P_metrics makes them."""
    found = Likelihoods(nll_sum, LABELS, torch.empty(ROWS, 0), [])
    wrong = Likelihoods(nll_sum + 3.0 * LABELS, LABELS, torch.empty(ROWS, 0), [])
    scored = {"world_facts_perturbed.answer": found, "world_facts_perturbed.perturbed_answer": wrong}
    raw = np.array([raw_ratio(np.array([loss + 3.0]), loss) for loss in stored])
    probability = np.exp(-stored)
    want = {
        "wf_Q_A_Prob": {
            "agg_value": probability.mean(),
            "value_by_index": {
                str(i): {"avg_loss": loss, "prob": p}
                for i, (loss, p) in enumerate(zip(stored, probability, strict=True))
            },
        },
        "wf_Truth_Ratio": {
            "agg_value": on_others(raw).mean(),
            "value_by_index": {str(i): {"score": value} for i, value in enumerate(raw)},
        },
    }
    return {
        item.quantity: item for item in _probabilities("P_metrics", "base", "wf", "world_facts_perturbed", scored, want)
    }


def test_the_peers_float32_is_not_held_against_us_where_a_loss_is_near_zero() -> None:
    logits, labels = known_by_heart(20.0)
    ours, theirs = score(logits, labels).nll_sum, peers(logits, labels)
    assert theirs.max() < 1e-3
    assert not [item for item in checked(theirs, ours).values() if item.off]
    exact = peers(logits.double(), labels)
    assert np.abs(ours.numpy() / (LENGTH - 1) - exact).max() < 5e-7  # of the two, ours is the closer one
    assert np.abs(theirs - exact).max() < LOSS_FLOOR


def test_a_loss_that_is_off_is_found_near_zero_and_elsewhere() -> None:
    for surplus in (20.0, 5.0):
        logits, labels = known_by_heart(surplus)
        stored = peers(logits, labels)
        shifted = score(logits, labels).nll_sum + (LENGTH - 1) * (2 * LOSS_FLOOR + 2e-4 * torch.tensor(stored).float())
        assert checked(stored, shifted)["base.wf_Q_A_Prob.avg_loss"].off


def test_a_relative_tolerance_alone_measured_the_kernel() -> None:
    """What the check reported before: 2.1e-4 on the fixtures, more on these."""
    assert row("c", "q", [1e-4 + 2e-6], [1e-4], Tolerance(rtol=1e-4)).off
    assert not row("c", "q", [1e-4 + 2e-6], [1e-4], Tolerance(atol=LOSS_FLOOR, rtol=1e-4)).off
