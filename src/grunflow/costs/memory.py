"""Bytes that training and evaluation hold, in closed form.

Weights, gradients, AdamW's two moments, what the backward pass keeps of every token (counted off the modules of a
Llama-like block, eager norms, no recomputation), and logits. On a CPU all of it is host memory; on a GPU the host maps the
files of the weights while they are read, and holds the weights while they are saved.
"""

from dataclasses import dataclass

from grunflow.config.parts import CarrierSpec
from grunflow.config.terms import ADAPTERS, WEIGHTS
from grunflow.costs.flops import Extent, lowest, named, trained_parameters, trains
from grunflow.costs.shapes import Shapes

BYTES = {"float32": 4, "bfloat16": 2}
GIB = 2**30
# Texts that go through a model together whose blocks are read one by one (training/frozen_states.py).
ROWS_PER_PASS = 4096
# Interpreter, torch and transformers; on a GPU the CUDA libraries and their context beside.
IMPORTS = {"cpu": GIB // 2, "host": 3 * GIB, "gpu": GIB}


def on_cpu(held: int) -> int:
    """Bytes of a process of a CPU that works with so many: beside the imports its allocator keeps of what passes let go up to a tenth of
    a GiB (measured peaks: tests/costs/test_taken.py)."""
    return IMPORTS["cpu"] + held + min(GIB // 10, held // 5)


@dataclass(frozen=True)
class Held:
    """Bytes by what they are for.

    Args:
        gathered: of several processes what each holds of the others' shards for a moment.
        cast: what autocast keeps until the backward pass: masters in the type of the passes, and norms and the residual stream
            in float32. FSDP casts a block at a time and keeps all of it in the type of the passes.
    """

    weights: int
    gradients: int
    moments: int  # AdamW's two, and what Kahan summation keeps beside them
    activations: int
    logits: int
    reference: int = 0
    gathered: int = 0
    cast: int = 0
    accumulated: bool = False

    @property
    def total(self) -> int:
        """On one device."""
        return self.on_each(1)

    def on_each(self, devices: int) -> int:
        """On each of several that share the weights: what passes through them is whole on each.

        Gradients come as what the backward pass kept goes: the larger of the two counts, but of later micro-batches both.
        """
        gradients, passing = self.gradients // devices, self.activations + self.logits
        beside = gradients + passing if self.accumulated else max(gradients, passing)
        copies = self.gathered if devices > 1 else self.cast
        return (self.weights + self.moments) // devices + self.reference + beside + copies


def training(
    shapes: Shapes,
    carrier: CarrierSpec | None,
    dtype: str,
    micro: Extent,
    labels: int,
    reference: bool = False,
    accumulated: bool = False,
    precision: str = "masters",
) -> Held:
    """What a training step holds, on micro-batches of `micro`, of which `labels` tokens are predicted.

    Args:
        carrier: None: every weight is trained.
        reference: a copy of the model before unlearning stays beside it.
        accumulated: a step has several micro-batches.
        precision: see Training; with masters a weight takes 16 bytes: itself, gradient and two moments in float32 (on one device
            18, with its copy for the passes); with Kahan summation 10.
    """
    size, whole = BYTES[dtype], trains(carrier) == WEIGHTS
    trained = trained_parameters(shapes, carrier)
    # Adapters and edits are float32 on a bf16 model too.
    own = size if whole and precision != "masters" else 4
    masters = whole and own > size
    return Held(
        shapes.parameters * (own if whole else size),
        trained * own,
        (3 if whole and precision == "kahan" else 2) * trained * own,
        micro.tokens * _kept_blocks(shapes, carrier) * _kept(shapes, carrier) * size,
        _logits(shapes, micro.tokens - micro.silent, labels, size),
        shapes.parameters * size if reference else 0,
        # Embedding and head are one shard's group, gathered with the gradient of the head.
        3 * shapes.vocabulary * shapes.hidden * size,
        _cast(shapes, carrier, micro.tokens, size) if masters else 0,
        accumulated,
    )


def forward(shapes: Shapes, dtype: str, batch: Extent, tokens: int, labels: int, replaced: bool = False) -> Held:
    """What scoring a batch holds: the weights, one block's intermediate values, logits. tokens: at which the head is run. labels: of them
    those whose softmax is taken, in float32. replaced: a carrier's own weights are first read beside the model's, which they replace."""
    size = BYTES[dtype]
    weights, logits = shapes.parameters * size, _logits(shapes, tokens, labels, size)
    block = batch.tokens * (4 * shapes.hidden + 3 * shapes.intermediate) * size
    return Held(weights, 0, 0, max(block, weights - logits) if replaced else block, logits)


def keys_and_values(shapes: Shapes, dtype: str, tokens: int) -> int:
    """What all blocks keep of tokens that later ones attend to."""
    return tokens * shapes.layers * 2 * shapes.kv_heads * shapes.head_size * BYTES[dtype]


def _logits(shapes: Shapes, tokens: int, labels: int, size: int) -> int:
    """All logits; at labels also the chosen ones and their gradient in float32."""
    return shapes.vocabulary * (tokens * size + 2 * labels * 4)


def _cast(shapes: Shapes, carrier: CarrierSpec | None, tokens: int, size: int) -> int:
    """Linear weights once more, and of a token in a block what float32 takes beyond two bytes (counted as in `_kept`)."""
    weights = (shapes.head + shapes.layers * shapes.block) * size
    return weights + tokens * _kept_blocks(shapes, carrier) * 10 * shapes.hidden


def _kept_blocks(shapes: Shapes, carrier: CarrierSpec | None) -> int:
    """Blocks whose intermediate values the backward pass needs: those above the lowest trained place."""
    first = lowest(carrier)
    return shapes.layers if first is None else shapes.layers - 1 - first


def _kept(shapes: Shapes, carrier: CarrierSpec | None) -> int:
    """Numbers that a block keeps of a token, counted with torch's saved_tensors_hooks.

    Weights: two norms (input, normed and output of each, the residual's shared), attention (queries, keys, values, output
    and its copy for the projection), feed-forward. Of frozen weights no input is kept. Dropout of adapters keeps a mask
    (in the tensor's own type) and the dropped input of each linear layer.
    """
    wide, inner, kind = shapes.hidden, shapes.intermediate, trains(carrier)
    if kind == WEIGHTS and not named(carrier):
        return 10 * wide + 4 * inner
    kept = 6 * wide + 3 * inner
    if kind == ADAPTERS and carrier is not None:
        kept += 2 * sum(rows for rows, _ in shapes.linears.values()) if carrier.get("dropout") else 2 * wide + inner
    return kept
