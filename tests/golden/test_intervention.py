"""The intervention against what the authors' code computed on the same weights (fixtures of case A, float32).

The folder is named by GRUNFLOW_GOLDEN (default ../shared/golden); without it these tests skip.
"""

import os
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from grunflow.interventions import GatedLoReFT

FOLDER = Path(os.environ.get("GRUNFLOW_GOLDEN", Path(__file__).parents[3] / "shared" / "golden")) / "A_intervention"
CASES = sorted(FOLDER.glob("*_fp32.safetensors"))


@pytest.mark.skipif(not CASES, reason=f"no fixtures at {FOLDER}; set GRUNFLOW_GOLDEN to their folder")
@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_forward_and_gradients_equal_the_authors(path: Path) -> None:
    want = load_file(path)
    gate = {"linear": "linear", "mlp_3": "mlp_3", "none": None}[path.stem.removesuffix("_fp32")]
    width, rank = want["rotate.R"].shape
    module = GatedLoReFT(width, rank, gate)
    rotation = module.loreft.rotation.parametrizations.weight
    # The trained tensor and the fixed base of torch's orthogonal parametrisation.
    rotation.original.data.copy_(want["rotate.X"])
    rotation[0].base.copy_(want["rotate.base"])
    module.loreft.learned_source.load_state_dict({key: want[f"learned.{key}"] for key in ("weight", "bias")})
    if module.gate is not None:
        module.gate.load_state_dict({key: want[f"gate.{key}"] for key in module.gate.state_dict()})
    h = want["h"].clone().requires_grad_()
    got = module.edit(h)
    scalar = (got.hidden * want["cotangent_h_out"]).sum()
    if got.gate_logit is not None:
        opened = torch.sigmoid(got.gate_logit)
        scalar = scalar + (opened * want["cotangent_gate"].reshape(opened.shape)).sum()
    scalar.backward()

    def close(mine: torch.Tensor, name: str) -> None:
        torch.testing.assert_close(mine.detach(), want[name], atol=1e-5, rtol=1e-5, msg=lambda text: f"{name}: {text}")

    close(module.loreft.rotation.weight, "rotate.R")
    close(got.hidden, "h_out")
    close(h.grad, "grad.h")
    close(rotation.original.grad, "grad.rotate.X")
    close(module.loreft.learned_source.weight.grad, "grad.learned.weight")
    if module.gate is not None:
        for key, parameter in module.gate.named_parameters():
            close(parameter.grad, f"grad.gate.{key}")
