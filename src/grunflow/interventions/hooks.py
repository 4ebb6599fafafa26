"""Applying edits to a running model with plain forward hooks."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor, nn

from grunflow.interventions.gated import StateEdit
from grunflow.models.blocks import block, hidden_of, with_hidden


@contextmanager
def intervene(
    model: nn.Module, edits: Mapping[int, StateEdit], positions: Int[Tensor, " batch"]
) -> Iterator[list[Tensor]]:
    """Edit the output of block `layer` at token positions[i] of row i, in the first call of each block.

    Later calls pass through: generation feeds single tokens after the prompt, which see the edit through the keys
    and values. Yields a list that collects gate logits (" batch"), a tensor per gated layer in order of depth.

    Raises:
        BadInput: a layer that the model does not have; nothing stays hooked.
    """
    gate_logits: list[Tensor] = []
    rows = torch.arange(len(positions), device=positions.device)

    def hook_of(edit: StateEdit):
        seen = False

        def hook(module: nn.Module, inputs: tuple, output: Any) -> Any:
            nonlocal seen
            if seen:
                return None
            seen = True
            hidden = hidden_of(output)
            result = edit.edit(hidden[rows, positions])
            if result.gate_logit is not None:
                gate_logits.append(result.gate_logit)
            edited = hidden.clone()
            edited[rows, positions] = result.hidden.to(hidden.dtype)
            return with_hidden(output, edited)

        return hook

    with ExitStack() as hooked:
        for layer in sorted(edits):
            handle = block(model, layer).register_forward_hook(hook_of(edits[layer]))
            hooked.callback(handle.remove)
        yield gate_logits
