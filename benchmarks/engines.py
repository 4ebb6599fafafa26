"""One GRUN training step by each engine, all from equal parameters: fast, plain, and the authors' own code."""

import copy
import importlib
import sys
import types
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from grunflow.carriers.stack import Stack
from grunflow.data.batching import collate
from grunflow.data.prompts import Example
from grunflow.fixtures import weights
from grunflow.fixtures.parts import carried, objective
from grunflow.training import frozen_pack
from grunflow.training.frozen_pack import pack
from grunflow.training.frozen_states import frozen_rows
from grunflow.training.step import Texts, step_loss

LEARNING_RATE = 4e-3
OBJECTIVES = {
    "grun_gd_training": (objective("gd"), "gated_grad_diff"),
    "grun_npo_training": (objective("npo", forget_weight=100.0, beta=0.1), "gated_npo_grad_diff"),
}
Step = Callable[[list[int]], float]  # rows of a batch -> loss, after one optimiser step


@dataclass(frozen=True)
class Size:
    hidden: int
    layers: int
    edited: tuple[int, ...]
    vocabulary: int = 4096

    @property
    def name(self) -> str:
        return f"h{self.hidden}_l{self.layers}"


def model_of(size: Size) -> Any:
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=size.vocabulary, hidden_size=size.hidden, num_hidden_layers=size.layers,
        num_attention_heads=size.hidden // 32, num_key_value_heads=size.hidden // 64,
        intermediate_size=size.hidden * 11 // 4, max_position_embeddings=1024, initializer_range=0.05,
        pad_token_id=0, bos_token_id=1, eos_token_id=2,
    )  # fmt: skip
    return LlamaForCausalLM(config).float().eval()


def edited_stack(size: Size, model: Any) -> Stack:
    """The model with GRUN's edits of the size on it."""
    keys = {"rank": 4, "layers": size.edited, "gate": "linear", "gate_weight": 10, "gate_loss": "probabilities"}
    return carried(model, "grun", seed=1, **keys)


def stepper(
    parameters: list, loss_of: Callable[[list[int]], torch.Tensor], learning_rate: float = LEARNING_RATE
) -> Step:
    optimizer = torch.optim.AdamW(parameters, lr=learning_rate, weight_decay=0.0, fused=True)

    def step(rows: list[int]) -> float:
        loss = loss_of(rows)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        return loss.item()

    return step


def plain(size: Size, model: Any, work: str, forget: list[Example], retain: list[Example]) -> Step:
    stack, goal = edited_stack(size, model), OBJECTIVES[work][0]

    def loss_of(rows: list[int]) -> torch.Tensor:
        ours, kept = (collate([part[i] for i in rows], 0).to(model.device) for part in (forget, retain))
        return step_loss(stack, stack.view(0), goal, Texts(ours, None, kept))

    return stepper(stack.trained(), loss_of)


def fast(size: Size, model: Any, work: str, forget: list[Example], retain: list[Example]) -> Step:
    """The cache is built here; bench.py measures its cost apart."""
    stack, goal = edited_stack(size, model), OBJECTIVES[work][0]
    first = min(size.edited)
    rows_of = [dict(frozen_rows(model, part, first, 0, 16)) for part in (forget, retain)]

    def loss_of(rows: list[int]) -> torch.Tensor:
        ours, kept = (pack([cached[i] for i in rows], model.device) for cached in rows_of)
        return step_loss(stack, stack.view(0), goal, Texts(ours, None, kept))

    return stepper(stack.trained(), loss_of)


def least(size: Size, model: Any, work: str, forget: list[Example], retain: list[Example]) -> Step:
    """The fast path with every row in a group of its own: no padded attention, so its FLOPs are the least needed."""
    return in_groups_of_one(frozen_pack, fast(size, model, work, forget, retain))


def in_groups_of_one(packing: types.ModuleType, step: Step) -> Step:
    """The step with ROWS_PER_GROUP of a packing module at 1."""

    def alone(rows: list[int]) -> float:
        before, packing.ROWS_PER_GROUP = packing.ROWS_PER_GROUP, 1
        try:
            return step(rows)
        finally:
            packing.ROWS_PER_GROUP = before

    return alone


def authors_model(folder: str, size: Size, model: Any) -> Any:
    """Their model with interventions, from a work tree of renjie3/GRUN, with weights and parameters equal to ours."""
    if folder not in sys.path:
        sys.path.insert(0, folder)
    pyreft = importlib.import_module("pyreft")
    own = copy.deepcopy(model)  # pyvene removes every hook of the model it is given
    representations = [
        {"layer": layer, "component": "block_output", "low_rank_dimension": 4,
         "intervention": pyreft.GatedLoreftIntervention_Linear(
             embed_dim=size.hidden, low_rank_dimension=4, dtype=torch.float32)}
        for layer in size.edited
    ]  # fmt: skip
    reft = pyreft.get_reft_model(own, pyreft.ReftConfig(representations=representations))
    _copy_parameters(
        edited_stack(size, model), [representation["intervention"] for representation in representations], size.edited
    )
    return reft


def authors(reft: Any, size: Size, work: str, forget: list[Example], retain: list[Example]) -> Step:
    """compute_loss of renjie3/GRUN's trainer on a model of theirs (authors_model)."""
    trainer = importlib.import_module("pyreft.reft_trainer").TofuReftTrainer
    settings = types.SimpleNamespace(
        forget_loss_type=OBJECTIVES[work][1], num_layers=len(size.edited), state=types.SimpleNamespace(global_step=0),
        args=types.SimpleNamespace(logging_steps=10**9), log=lambda values: None, retain_weight=1.0, npo_coeff=100.0,
        beta=0.1, gate_weight=10.0, warm_up_gate_step=-1, grad_diff_forget_weight=1.0,
    )  # fmt: skip

    def inputs(part: str, examples: list[Example]) -> dict[str, torch.Tensor]:
        batch = collate(examples, 0)
        positions = batch.positions[:, None, None].expand(-1, len(size.edited), 1)
        values = {"input_ids": batch.input_ids, "attention_mask": batch.attention_mask, "labels": batch.labels,
                  "intervention_locations": positions}  # fmt: skip
        return {f"{part}_{name}": value for name, value in values.items()}

    def loss_of(rows: list[int]) -> torch.Tensor:
        both = {**inputs("forget", [forget[i] for i in rows]), **inputs("retain", [retain[i] for i in rows])}
        return trainer.compute_loss(settings, reft, both)

    return stepper([p for p in reft.parameters() if p.requires_grad], loss_of)


def _copy_parameters(ours: Stack, theirs: list[Any], edited: tuple[int, ...]) -> None:
    """Their parameters into our edits' like."""
    values = weights.parameters(ours.edits)
    for layer, intervention in zip(edited, theirs, strict=True):
        rotation = intervention.rotate_layer.parametrizations.weight
        base = ours.edits[layer].loreft.rotation.parametrizations.weight[0].base
        rotation.original.data.copy_(values[f"layer{layer}.rotate.X"])
        rotation[0].base.copy_(base)
        for name in ("weight", "bias"):
            getattr(intervention.learned_source, name).data.copy_(values[f"layer{layer}.learned.{name}"])
            getattr(intervention.gate_func, name).data.copy_(values[f"layer{layer}.gate.{name}"])
