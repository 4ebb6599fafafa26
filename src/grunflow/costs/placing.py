"""Where a job's work lies: on a CPU or on as many GPUs as hold it, and the seconds that follow."""

import math
from dataclasses import dataclass, replace

from grunflow.config.models import Model
from grunflow.config.study import Study
from grunflow.costs import hardware
from grunflow.costs.asking import Asked
from grunflow.costs.hardware import CPU, DEVICES, Device
from grunflow.costs.memory import BYTES, GIB, IMPORTS, Held, on_cpu
from grunflow.costs.shapes import Shapes
from grunflow.job import CHECKPOINT_SECONDS
from grunflow.models.room import KEPT, MOST, STATES

MOST_NODES = 8  # of one job


@dataclass(frozen=True)
class Cost:
    """What one job costs; seconds: with its start. gpu_bytes: on each of `gpus`, which are those of so many `nodes`. host_bytes: on
    each node. checkpoint_bytes: its resume state, gone after success. rows_at_once: that are scored or cached together; 0: it does neither.
    accumulation: micro-batches of a step; 0: it trains nothing."""

    seconds: float
    flops: float | int = 0.0
    gpus: int = 0
    gpu_bytes: int = 0
    host_bytes: int = GIB
    disk_bytes: int = 0
    checkpoint_bytes: int = 0
    nodes: int = 1
    rows_at_once: int = 0
    accumulation: int = 0


@dataclass(frozen=True)
class Load:
    """What a job runs. held: bytes of training or scoring. kept: bytes of its output. seconds: of the work, on one device.
    asking: seconds on its way that several devices do not share. state: bytes of a checkpoint. sharded: whether several GPUs may share it. whole: bytes that each of these holds before: all weights, as
    they are trained. absent: bytes of weights that are not held at any time, or not with the others."""

    held: Held
    kept: int
    flops: float | int
    seconds: float
    state: int = 0
    sharded: bool = False
    whole: int = 0
    absent: int = 0
    asking: float = 0.0

    def on_each(self, gpus: int) -> int:
        """The most that each of so many GPUs holds at a time."""
        return max(self.held.on_each(gpus), self.whole if gpus > 1 else 0)


def shapes_of(study: Study, model: Model) -> Shapes:
    return Shapes.of_sheet(model.architecture, study.vocabulary)


def device_of(study: Study, model: Model) -> Device:
    """A model from scratch is small and trained on a CPU; a hub's model needs a GPU."""
    return DEVICES[study.gpu] if model.repo else CPU


def weights_of(study: Study, model: Model) -> int:
    """Bytes of a model's weights."""
    return shapes_of(study, model).parameters * BYTES[model.dtype]


def started_alone(found: Cost) -> Cost:
    """The same of a job that no server of Snakemake's machine starts: on a cluster, in an environment of its own. A GPU's start is
    one such anyway, and what loads no model runs beside Snakemake."""
    loads_a_model = found.flops > 0
    return replace(found, seconds=found.seconds + hardware.ALONE) if loads_a_model and not found.gpus else found


def fits(study: Study, found: Cost) -> bool:
    """Whether a job's share of a GPU is within the memory to plan with."""
    return found.gpu_bytes <= hardware.GPU_SHARE * DEVICES[study.gpu].gpu_bytes or not found.gpus


def waiting(study: Study, model: Model, load: Load, times: int, asked: Asked, rows: int) -> Load:
    """The same; of a model larger than the GPU with as many blocks outside as find no room (models/offloaded.py). The host is read at each
    pass of `rows` prompts, of their answers and of a new token, and for as many texts that are scored by themselves as find room between
    two blocks (evaluation/streamed.py; the last ones of a set are fewer)."""
    shapes, size, room = shapes_of(study, model), BYTES[model.dtype], device_of(study, model).gpu_bytes
    if not room or load.held.weights <= MOST * room:
        return load
    lacking = load.held.weights - int(KEPT * room)
    outside = min(shapes.layers, -(-lacking // (shapes.block * size))) * shapes.block * size
    behind_prompts = asked.scored.rows - asked.alone.rows
    states = asked.alone.tokens * shapes.hidden * size
    passes = 2 * math.ceil(behind_prompts / rows) + asked.reads + states / (STATES * room) + asked.sets
    held = replace(
        load.held,
        weights=load.held.weights - outside,
        activations=load.held.activations + min(states, int(STATES * room)),
    )
    return replace(load, held=held, seconds=load.seconds + times * passes * outside / hardware.TO_HOST)


def placed(study: Study, model: Model, load: Load) -> Cost:
    device, weights = device_of(study, model), weights_of(study, model)
    around = device.start + hardware.write_seconds(weights + load.kept)
    if not device.gpu_bytes:
        seconds = load.seconds + load.asking
        around += _checkpoints(seconds) * hardware.write_seconds(load.state)
        return Cost(seconds + around, load.flops, 0, 0, on_cpu(load.held.total), load.kept, load.state)
    room = hardware.GPU_SHARE * device.gpu_bytes - IMPORTS["gpu"]
    each = study.gpus_per_node
    of_one, of_several = range(1, each + 1), range(2 * each, MOST_NODES * each + 1, each)
    numbers = (*of_one, *of_several) if load.sharded else (1,)
    gpus = next((number for number in numbers if load.on_each(number) <= room), each if load.sharded else 1)
    host = min(gpus, each) * (IMPORTS["host"] + (weights - load.absent) * 5 // 4)
    seconds, state = load.seconds / gpus + load.asking, load.state // gpus
    if seconds > CHECKPOINT_SECONDS / 2:  # it may take twice as long as is planned
        host += min(gpus, each) * state
    around += _checkpoints(seconds) * state / hardware.TO_HOST
    held = IMPORTS["gpu"] + load.on_each(gpus)
    nodes = -(-gpus // each)
    return Cost(seconds + around, load.flops, gpus, held, host, load.kept, load.state, nodes)


def _checkpoints(seconds: float) -> int:
    """How many a training of so many seconds writes on its way: on a CPU between two steps, on GPUs beside them, which wait for the copy
    in the host's memory alone (training/checkpoint_files.py)."""
    return int(seconds // CHECKPOINT_SECONDS)
