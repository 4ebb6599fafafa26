"""Every purpose of a seed has a generator of its own."""

import torch

from grunflow.seeds import derived, generator


def test_purposes_and_seeds_give_different_generators_and_the_same_ones_again() -> None:
    drawn = {
        (purpose, seed): torch.rand(4, generator=generator(seed, purpose)).tolist()
        for purpose in ("order", "partners", "refusals")
        for seed in (0, 1)
    }
    assert len({tuple(values) for values in drawn.values()}) == len(drawn)
    assert torch.rand(4, generator=generator(1, "order")).tolist() == drawn["order", 1]
    assert 0 <= derived(0, "order") < 2**63
