"""White-box bounds: a shut gate is the target exactly, an open one another model; rounding to nothing is the run exactly."""

from pathlib import Path

import pandas as pd
import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel

from grunflow.carriers.chain import restorer
from grunflow.conditions import merged, quantised
from grunflow.models.rounding import FP4, NF4, ROUNDED, round_linears
from tests.conditions.trained import CARRIERS, MODEL, condition, own, scores, unlearned


@pytest.mark.parametrize("engine", ["fast", "plain"])
def test_a_shut_gate_is_the_target_exactly(engine: str, world: Path) -> None:
    run = (unlearned(world, "grun"),)
    shut, target = scores(world, run, condition("gated", gate=0), engine), scores(world, (), condition("plain"), engine)
    pd.testing.assert_frame_equal(own(shut), own(target), check_exact=True)
    gates = [column for column in shut if column.startswith("gate_")]
    assert len(gates) == 2
    assert (shut[gates] == 0).all(axis=None)


def test_a_gate_is_held_at_what_is_said(world: Path) -> None:
    run = (unlearned(world, "grun"),)
    found = {gate: scores(world, run, condition("gated", gate=gate)) for gate in (0, 0.25, 1)}
    for gate, frame in found.items():
        assert frame["gate_0"].to_numpy() == pytest.approx(gate, abs=1e-7)
    assert len({frame["nll_answer"].mean() for frame in found.values()}) == 3


@pytest.mark.parametrize("name", CARRIERS)
def test_the_identity_rounds_nothing(name: str, world: Path) -> None:
    run = (unlearned(world, name),)
    plain, same = (scores(world, run, put) for put in (condition("plain"), condition("quantised", grid="none")))
    pd.testing.assert_frame_equal(same, plain, check_exact=True)


def test_merged_adapters_are_the_same_model(world: Path) -> None:
    run = (unlearned(world, "lora"),)
    plain, alike = (scores(world, run, put) for put in (condition("plain"), condition("merged", grid="none")))
    assert alike["nll_answer"].to_numpy() == pytest.approx(plain["nll_answer"].to_numpy(), rel=1e-4)


@pytest.mark.parametrize("grid", ["int8", "nf4", "fp4"])
def test_linear_layers_are_rounded_and_nothing_else(grid: str, world: Path) -> None:
    """Of a run with adapters beside the layers: the layers' own weights; merged, the sum of both."""
    unlearned(world, "lora")
    links = [world / "target", world / "lora"]
    before, rounded, together = (restorer(MODEL, links) for _ in range(3))
    old = dict(before(1.0).stack.model.named_parameters())
    new = dict(quantised.subject(rounded, condition("quantised", grid=grid)).stack.model.named_parameters())
    for name, weights in old.items():
        is_layer = name.endswith("base_layer.weight")
        expected = ROUNDED[grid](weights) if is_layer else weights
        torch.testing.assert_close(new[name], expected, rtol=0, atol=0)
        assert torch.equal(new[name], weights) == (not is_layer)
    both = dict(merged.subject(together, condition("merged", grid=grid)).stack.model.named_parameters())
    name = next(name for name in old if name.endswith("base_layer.weight"))
    a, b = (old[name.replace("base_layer", f"lora_{which}.default")] for which in "AB")
    whole = old[name] + CARRIERS["lora"].alpha / CARRIERS["lora"].rank * b @ a
    moved = (both[name] - ROUNDED[grid](whole)).abs() > 1e-6
    assert moved.float().mean() < 0.01, "but where float rounding of the sum crosses a step"


def test_layers_that_are_stored_the_other_way_round_are_rounded_by_output() -> None:
    """GPT-2's Conv1D holds (in, out); the head and the embedding it is tied to stay."""
    model = GPT2LMHeadModel(GPT2Config(vocab_size=9, n_positions=4, n_embd=8, n_layer=1, n_head=2))
    old = {name: value.clone() for name, value in model.named_parameters()}
    round_linears(model, "int8")
    layer, head = "transformer.h.0.mlp.c_fc.weight", "transformer.wte.weight"
    new = dict(model.named_parameters())
    assert torch.equal(new[layer], ROUNDED["int8"](old[layer].T).T)
    assert not torch.equal(new[layer], ROUNDED["int8"](old[layer]))
    assert torch.equal(new[head], old[head])


def test_levels_are_bitsandbytes_own() -> None:
    """functional.get_4bit_type of bitsandbytes 0.50.2, by its printout."""
    assert len(NF4) == 16
    assert (min(NF4), max(NF4), 0.0 in NF4, NF4[1]) == (-1, 1, True, -0.6961928009986877)
    positive = [0, 0.0052083333, 0.16666667, 0.25, 0.33333334, 0.5, 0.6666667, 1]
    assert sorted(FP4) == pytest.approx(sorted({*positive, *(-value for value in positive)}), abs=1e-7)


def test_rounding_by_hand() -> None:
    """int8: 127 steps up to the row's largest; nf4: the nearest level times the block's largest, 64 weights on end."""
    weights = torch.tensor([[0.5, -1.0, 0.004], [0.0, 0.0, 0.0]])
    torch.testing.assert_close(ROUNDED["int8"](weights), torch.tensor([[64 / 127, -1, 1 / 127], [0, 0, 0]]))
    row = torch.zeros(2, 48)  # the first block ends in the second row
    row[0, 0], row[0, 1], row[1, 15], row[1, 16], row[1, 17] = 2.0, 0.9, -1.0, 0.5, 0.2
    found = ROUNDED["nf4"](row)
    assert found[0, :2].tolist() == pytest.approx([2.0, 2 * 0.44070982933044434])
    assert found[1, 15:18].tolist() == pytest.approx([2 * -0.5250730514526367, 0.5, 0.5 * 0.44070982933044434])


@pytest.mark.parametrize("grid", ["int8", "nf4", "fp4"])
def test_equal_to_bitsandbytes(grid: str) -> None:
    """By its codes and scales; its CPU kernel that turns 4-bit codes back is wrong for rows of no whole blocks (0.50.2)."""
    functional = pytest.importorskip("bitsandbytes.functional", reason="bitsandbytes is not installed")
    weights = (torch.randn(96, 80, generator=torch.Generator().manual_seed(0)) / 20).half().float()
    if grid == "int8":
        codes, largest, _ = functional.int8_vectorwise_quant(weights.half())
        expected = functional.int8_vectorwise_dequant(codes, largest)
    else:
        packed, state = functional.quantize_4bit(weights, blocksize=64, quant_type=grid)
        codes = torch.stack([packed.flatten() >> 4, packed.flatten() & 15], dim=1).flatten().long()
        expected = (state.code[codes].view(-1, 64) * state.absmax[:, None]).view_as(weights)
    torch.testing.assert_close(ROUNDED[grid](weights), expected, rtol=0, atol=0)
