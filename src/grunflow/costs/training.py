"""What a training costs: its steps, what they hold, and on how many GPUs that fits."""

from dataclasses import dataclass, replace

from grunflow.config.models import Model
from grunflow.config.parts import CarrierSpec, Training
from grunflow.config.study import Resolved
from grunflow.config.terms import WEIGHTS, trained_by
from grunflow.costs import hardware, memory
from grunflow.costs.flops import Extent
from grunflow.costs.memory import BYTES
from grunflow.costs.micro_batches import parts
from grunflow.costs.placing import Cost, Load, device_of, placed, shapes_of
from grunflow.training.schedule import total_steps


@dataclass(frozen=True)
class Step:
    """An optimiser step. passes: how often a batch goes up through `blocks` blocks; what is packed goes as one. worst: the largest
    micro-batch, of all that is run together."""

    flops: float
    passes: int
    blocks: int
    worst: Extent

    def seconds(self, device: hardware.Device, weights: int) -> float:
        """Forward, gradient of what lies below, own gradient: weights (bytes) are read, and operations started, three times."""
        passes = 3 * self.passes
        return hardware.compute_seconds(device, self.flops, passes * weights, passes * self.blocks)


@dataclass(frozen=True)
class Trained:
    """What a training job does. shared: a step of several processes; alone: of one, which pads no text. carrier: None where every
    weight is trained. copied: whether a copy of the model before stays beside it. absent: how many blocks are not loaded. asking: seconds
    in which it is asked on its way, asked: bytes that pass through it then, beside weights and moments."""

    carrier: CarrierSpec | None
    training: Training
    rows: int
    shared: Step
    alone: Step
    copied: bool = False
    sharded: bool = True
    absent: int = 0
    asking: float = 0.0
    asked: int = 0


def cost_of(study: Resolved, model: Model, of: Trained) -> Cost:
    """What it costs on as many GPUs as hold it; one takes the steps of `alone`."""
    shared = _taking(study, model, of, of.shared)
    return shared if shared.gpus > 1 else _taking(study, model, of, of.alone)


def _taking(study: Resolved, model: Model, of: Trained, step: Step) -> Cost:
    shapes, device, count = shapes_of(study, model), device_of(study, model), total_steps(of.training, of.rows)
    held = memory.training(
        shapes, of.carrier, model.dtype, step.worst, step.worst.tokens - step.worst.silent, of.copied,
        parts(of.training) > 1, of.training.precision,
    )  # fmt: skip
    absent = of.absent * shapes.block * BYTES[model.dtype]
    passing = max(held.activations, of.asked - held.logits)
    held = replace(held, weights=held.weights - absent, activations=passing)
    # AdamW reads a trained weight, its gradient and moments, and writes three of them.
    update = hardware.compute_seconds(device, 0, 3.5 * held.moments)
    whole = of.carrier is None or trained_by(of.carrier) == WEIGHTS
    kept = shapes.parameters * BYTES[model.dtype] if whole else held.gradients
    seconds, state = count * (step.seconds(device, held.weights) + update), held.gradients + held.moments
    load = Load(held, kept, count * step.flops, seconds, state, of.sharded, held.weights, absent, of.asking)
    return placed(study, model, load)
