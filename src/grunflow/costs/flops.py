"""FLOPs of training, in closed form.

A weight of a linear layer costs 2 FLOPs a token on the way up, 2 for the gradient that flows on to what lies below, and 2 for
its own gradient if it is trained. Attention costs 4 d FLOPs for each head and pair of positions (masked ones too, as the
kernels of torch are counted), and 2.5 times that on the way back, where the scores are computed again. Norms, rotary
angles, softmax and the optimiser are left out.
"""

from dataclasses import dataclass
from typing import NamedTuple

from grunflow.config.specs import Carrier
from grunflow.costs.shapes import Shapes

ATTENTION_BACK = 2.5
GATE_WIDTHS = {"linear": (1,), "mlp_3": (256, 64, 1)}  # interventions/gate.py


class Extent(NamedTuple):
    """How much of a batch is computed, padding included: tokens, pairs of positions that attend, and rows."""

    tokens: int
    attended: int
    rows: int


@dataclass(frozen=True)
class Pass:
    """What one pass over a batch runs of a model.

    up: weights of linear layers on the way up. back: those through which a gradient flows on. trained: those with a
    gradient of their own. attention, attention_back: 4 d FLOPs a pair, for all heads and blocks. per_token, per_row:
    parameters that a carrier adds for every token (lora) or for every edited row (reft, grun).
    """

    up: int
    attention: int
    back: int = 0
    trained: int = 0
    attention_back: int = 0
    per_token: int = 0
    per_row: int = 0

    def flops(self, extent: Extent) -> float:
        linear = 2 * extent.tokens * (self.up + self.back + self.trained)
        attention = extent.attended * (self.attention + ATTENTION_BACK * self.attention_back)
        return linear + attention + 6 * (extent.tokens * self.per_token + extent.rows * self.per_row)


def forward(shapes: Shapes, blocks: int | None = None) -> Pass:
    """The first `blocks` blocks without the head, or (None) the whole model."""
    if blocks is None:
        return Pass(shapes.layers * shapes.block + shapes.head, shapes.layers * _attention(shapes))
    return Pass(blocks * shapes.block, blocks * _attention(shapes))


def head_only(shapes: Shapes) -> Pass:
    """Logits from stored last states."""
    return Pass(shapes.head, 0)


def _attention(shapes: Shapes) -> int:
    return 4 * shapes.heads * shapes.head_size


def training(shapes: Shapes, carrier: Carrier, layer: int | None = None, packed: bool = False) -> Pass:
    """Forward and backward pass of a training step.

    Args:
        layer: the loss reads this block's output (rmu) in place of logits: nothing above it is run, but gates.
        packed: the fast engine, which runs the blocks above the first edited one on the positions from the edited one
            on, and the head at labels (training/frozen_pack.py); the extent is the pack's.
    """
    edits = carrier.layers if carrier.name in ("reft", "grun") and carrier.layers else ()
    top = shapes.layers
    if layer is not None:
        top = 1 + max([layer, *(edits if carrier.gate else ())])
    head = shapes.head if layer is None else 0
    # Blocks from `bottom` on pass a gradient on; below there is nothing to train.
    if edits:
        bottom = min(edits) + 1
    elif carrier.parameters:
        bottom = min(carrier.layers or (0,)) + 1
    else:
        bottom = 0
    above = max(0, top - bottom)
    run = above if packed else top
    back = above * shapes.block + head
    per_token = trained = 0
    if carrier.name == "full":
        trained = _named_weights(shapes, carrier) if carrier.parameters else back
    elif carrier.name == "lora":
        per_token = top * lora_parameters(shapes, carrier)
        # Nothing below block 0's queries, keys and values wants a gradient.
        back -= shapes.weights("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj")
    return Pass(
        run * shapes.block + head,
        run * _attention(shapes),
        back,
        trained,
        above * _attention(shapes),
        per_token,
        sum(1 for edit in edits if edit < top) * edit_parameters(shapes, carrier),
    )


def _named_weights(shapes: Shapes, carrier: Carrier) -> int:
    """Of a full carrier that trains one parameter of some blocks."""
    return len(carrier.layers or ()) * shapes.weights((carrier.parameters or "").removesuffix(".weight"))


def lora_parameters(shapes: Shapes, carrier: Carrier) -> int:
    """Of one block: A and B of every linear layer."""
    return (carrier.rank or 0) * sum(rows + columns for rows, columns in shapes.linears.values())


def edit_parameters(shapes: Shapes, carrier: Carrier) -> int:
    """Of one edited block: R, W, b and the gate."""
    total, width = (carrier.rank or 0) * (2 * shapes.hidden + 1), shapes.hidden
    for out in GATE_WIDTHS.get(carrier.gate or "", ()):
        total, width = total + out * (width + 1), out
    return total


def trained_parameters(shapes: Shapes, carrier: Carrier) -> int:
    """What the optimiser changes."""
    if carrier.name == "lora":
        return shapes.layers * lora_parameters(shapes, carrier)
    if carrier.name == "full":
        return _named_weights(shapes, carrier) if carrier.parameters else shapes.parameters
    return len(carrier.layers or ()) * edit_parameters(shapes, carrier)
