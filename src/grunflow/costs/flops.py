"""FLOPs of training, in closed form.

A weight of a linear layer costs 2 FLOPs a token on the way up, 2 for the gradient that flows on to what lies below, and 2 for
its own gradient if it is trained. Attention costs 4 d FLOPs for each head and pair of positions (masked ones too, as the
kernels of torch are counted), and 2.5 times that on the way back, where the scores are computed again. Norms, rotary
angles, softmax and the optimiser are left out.
"""

from dataclasses import dataclass
from typing import NamedTuple

from grunflow.config.parts import CarrierSpec
from grunflow.config.terms import ADAPTERS, EDITS, WEIGHTS, trained_by
from grunflow.costs.shapes import Shapes

ATTENTION_BACK = 2.5
GATE_WIDTHS = {
    "linear": (1,),
    "mlp_3": (256, 64, 1),
}  # a gate's layers, outwards; a test holds them against interventions/gate.py


class Extent(NamedTuple):
    """How much of a batch is computed, padding included: tokens, pairs of positions that attend, and rows; silent: tokens at
    which the head is not run."""

    tokens: int
    attended: int
    rows: int
    silent: int = 0


@dataclass(frozen=True)
class Pass:
    """What one pass over a batch runs of a model.

    up: weights of linear layers on the way up. back: those through which a gradient flows on. trained: those with a
    gradient of their own. attention, attention_back: 4 d FLOPs a pair, for all heads and blocks. per_token, per_row:
    parameters that a carrier adds for every token (adapters) or for every edited row (edits). head: the head's weights, as
    often as they are counted in the first three.
    """

    up: int
    attention: int
    back: int = 0
    trained: int = 0
    attention_back: int = 0
    per_token: int = 0
    per_row: int = 0
    head: int = 0

    def flops(self, extent: Extent) -> float:
        linear = 2 * extent.tokens * (self.up + self.back + self.trained) - 2 * extent.silent * self.head
        attention = extent.attended * (self.attention + ATTENTION_BACK * self.attention_back)
        return linear + attention + 6 * (extent.tokens * self.per_token + extent.rows * self.per_row)


def forward(shapes: Shapes, blocks: int | None = None) -> Pass:
    """The first `blocks` blocks without the head, or (None) the whole model."""
    if blocks is None:
        return Pass(shapes.layers * shapes.block + shapes.head, shapes.layers * _attention(shapes), head=shapes.head)
    return Pass(blocks * shapes.block, blocks * _attention(shapes))


def head_only(shapes: Shapes) -> Pass:
    """Logits from stored last states."""
    return Pass(shapes.head, 0, head=shapes.head)


def _attention(shapes: Shapes) -> int:
    return 4 * shapes.heads * shapes.head_size


def trains(carrier: CarrierSpec | None) -> str:
    """What a job trains: `weights` where there is no carrier (fine-tuning)."""
    return WEIGHTS if carrier is None else trained_by(carrier)


def edited(carrier: CarrierSpec | None) -> tuple[int, ...]:
    """Blocks whose output a carrier edits."""
    return tuple(carrier.get("layers") or ()) if carrier is not None and trains(carrier) == EDITS else ()


def named(carrier: CarrierSpec | None) -> tuple[str, tuple[int, ...]] | None:
    """The parameter, and of which blocks, that a carrier trains in place of every weight."""
    if carrier is None or not carrier.kind or trains(carrier) != WEIGHTS or not carrier.get("parameters"):
        return None
    return carrier.get("parameters"), tuple(carrier.get("layers") or ())


def lowest(carrier: CarrierSpec | None) -> int | None:
    """The lowest block with something to train, where that is not everywhere: what lies below it wants no gradient."""
    some = named(carrier)
    blocks = edited(carrier) if some is None else some[1]
    return min(blocks) if blocks else None


def training(
    shapes: Shapes, carrier: CarrierSpec | None = None, layer: int | None = None, packed: bool = False
) -> Pass:
    """Forward and backward pass of a training step.

    Args:
        carrier: None: every weight is trained.
        layer: the loss reads this block's output in place of logits: nothing above it is run, but gates.
        packed: the fast engine, which runs the blocks above the first edited one on the positions from the edited one
            on, and the head at labels (training/frozen_pack.py); the extent is the pack's.
    """
    edits, first, kind = edited(carrier), lowest(carrier), trains(carrier)
    top = shapes.layers
    if layer is not None:
        top = 1 + max([layer, *(edits if carrier and carrier.get("gate") else ())])
    head = shapes.head if layer is None else 0
    # The blocks above `first` pass a gradient on.
    above = max(0, top if first is None else top - first - 1)
    run = above if packed else top
    back = above * shapes.block + head
    per_token = trained = 0
    if kind == WEIGHTS:
        trained = _named_weights(shapes, carrier) if named(carrier) else back
    elif kind == ADAPTERS and carrier is not None:
        per_token = top * adapter_parameters(shapes, carrier)
        # Nothing below block 0's queries, keys and values wants a gradient.
        back -= shapes.weights("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj")
    return Pass(
        run * shapes.block + head,
        run * _attention(shapes),
        back,
        trained,
        above * _attention(shapes),
        per_token,
        sum(edit_parameters(shapes, carrier) for edit in edits if edit < top and carrier is not None),
        head * (3 if kind == WEIGHTS and not named(carrier) else 2),
    )


def _named_weights(shapes: Shapes, carrier: CarrierSpec | None) -> int:
    """Weights of the one parameter of some blocks that a carrier trains; 0 where it trains all."""
    some = named(carrier)
    return len(some[1]) * shapes.weights(some[0].removesuffix(".weight")) if some else 0


def adapter_parameters(shapes: Shapes, carrier: CarrierSpec) -> int:
    """Parameters that adapters add to one block: A and B of every linear layer."""
    return (carrier.get("rank") or 0) * sum(rows + columns for rows, columns in shapes.linears.values())


def edit_parameters(shapes: Shapes, carrier: CarrierSpec) -> int:
    """Parameters of the edit of one block: R, W, b and the gate."""
    total, width = (carrier.get("rank") or 0) * (2 * shapes.hidden + 1), shapes.hidden
    for out in GATE_WIDTHS.get(carrier.get("gate") or "", ()):
        total, width = total + out * (width + 1), out
    return total


def trained_parameters(shapes: Shapes, carrier: CarrierSpec | None = None) -> int:
    """What the optimiser changes."""
    kind = trains(carrier)
    if carrier is None or kind == WEIGHTS:
        return _named_weights(shapes, carrier) or shapes.parameters
    if kind == ADAPTERS:
        return shapes.layers * adapter_parameters(shapes, carrier)
    return len(edited(carrier)) * edit_parameters(shapes, carrier)
