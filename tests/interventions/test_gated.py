"""The intervention against its equation, in numpy-like arithmetic on the module's own parameters."""

import pytest
import torch

from grunflow.interventions import GatedLoReFT


@pytest.mark.parametrize("gate", ["linear", "mlp_3", None])
def test_it_is_the_papers_equation(gate) -> None:
    torch.manual_seed(0)
    module, h = GatedLoReFT(16, 3, gate), torch.randn(5, 16)
    rotation, source = module.loreft.rotation.weight, module.loreft.learned_source
    g = torch.sigmoid(module.gate(h)) if gate else torch.ones(5, 1)
    expected = h + g * ((h @ source.weight.T + source.bias - h @ rotation) @ rotation.T)
    assert torch.allclose(module(h), expected, atol=1e-6)
    assert torch.allclose(rotation.T @ rotation, torch.eye(3), atol=1e-5)


def test_trained_parameters_at_the_8b_width_are_those_of_the_authors_code() -> None:
    # DESIGN section 8: 36,869 a layer at D = 4096, rank 4, linear gate.
    module = GatedLoReFT(4096, 4, "linear")
    assert sum(parameter.numel() for parameter in module.parameters()) == 36_869


def test_a_rank_above_the_width_is_refused() -> None:
    with pytest.raises(ValueError, match="expected 1 to 8"):
        GatedLoReFT(8, 9, None)
