"""A method's training on a restored model, as the stages share it that train one objective on one carrier: what its steps read, where
batches come from, and the loop around them."""

import importlib
import logging
import time
from pathlib import Path
from typing import Any

import torch

from grunflow.carriers.chain import stacked
from grunflow.carriers.stack import Stack
from grunflow.config.chat import Chat
from grunflow.config.facts import STREAM, module_of
from grunflow.config.specs import Unlearn
from grunflow.config.terms import EDITS, WEIGHTS, plain_because, trained_by
from grunflow.errors import BadInput
from grunflow.evaluation.asking import Asking
from grunflow.interventions.packed import unpackable
from grunflow.manifest import identity, read_manifest
from grunflow.models import sharding
from grunflow.models.loading import start_config
from grunflow.models.partly import load_from
from grunflow.objectives.loading import Objective
from grunflow.seeds import derived
from grunflow.training.engine import Batches, batch_maker
from grunflow.training.loop import History, Task, micro_batches, train
from grunflow.training.precision import keeps_masters, narrow, widen
from grunflow.training.step import Texts, needs_of
from grunflow.training.streams.base import Reading, Stream, check_labels
from grunflow.work import Work

log = logging.getLogger(__name__)
MODEL_KEYS = ("dtype", "repo", "revision")  # of the model that states were cached of


def trained(task: Task, steps: int, spec: Unlearn, stack: Stack, accumulation: int) -> History:
    """Train with LoRA's dropout from a generator of its own, and weights of the model's own in float32 meanwhile."""
    masters = keeps_masters(spec.training, spec.model.dtype, trained_by(spec.carrier) == WEIGHTS)
    if masters:
        widen(stack.model)
        task.compute = spec.model.dtype
    torch.manual_seed(derived(spec.unlearn_seed, "dropout"))  # it draws from the global one
    # The dropout of a model of its own (GPT-2 has some, Llama none) is for who trains the model: what is frozen stays as it is asked,
    # and is, beneath an edit, the model before unlearning as well.
    stack.model.train(trained_by(spec.carrier) != EDITS)
    stack.top.trained_module.train()
    history = train(task, steps, spec.training, accumulation)
    stack.model.eval()
    if masters:
        narrow(stack.model, spec.model.dtype)
    return history


def stream_of(spec: Unlearn, work: Work, tokenizer: Any, goal: Objective) -> Stream:
    """What the run's steps read."""
    kind = importlib.import_module(module_of(STREAM, spec.stream.kind))
    needs = needs_of(goal, spec.carrier, spec.training.batch_size)
    made = kind.stream(spec.stream, work.inputs["data"][0], tokenizer, spec.template, spec.unlearn_seed, needs)
    if not goal.states or goal.spec.rmu_positions == "labels":
        check_labels(made.every(), tokenizer)
    return made


def start_stack(spec: Unlearn, work: Work, goal: Objective, stream: Stream) -> Stack:
    """What the run starts from. Where nothing but the blocks above the first edited one is run at each step, only those are loaded:
    edits on cached states, of a run that is not asked on its way."""
    start = work.inputs.get("start", [])
    if not spec.snapshots.probe and sharding.count() == 1 and not plain_because(goal.spec, [spec.carrier], spec.engine):
        longest = max(len(example.ids) for example in stream.every())
        first = spec.carrier.edits_from()
        if first is not None and not unpackable(start_config(spec.model, start), longest):
            partly = load_from(spec.model, start, first + 1)
            if partly:
                log.info("%d of %d blocks are loaded", partly.loaded, partly.loaded + partly.first)
                return Stack(partly.model, partly)
    return stacked(spec.model, start, files=work.files)


def batches_of(
    spec: Unlearn, work: Work, goal: Objective, stack: Stack, stream: Stream, pad_id: int
) -> tuple[Batches, dict[str, float]]:
    """Where batches come from, and what was computed of the model before unlearning: by this run before its first step, and all
    of the cached states, though other runs share them."""
    frozen, started = frozen_folder(spec, work), time.monotonic()
    made = batch_maker(spec.engine, goal, stack, pad_id, frozen, stream, work.batch_size)
    seconds = time.monotonic() - started
    shared = read_manifest(frozen)["measured"] if frozen else {"states_seconds": 0.0, "states_flops": 0}
    return made, {
        "once_seconds": round(seconds + shared["states_seconds"], 3),
        "once_flops": round(made.flops + shared["states_flops"]),
        # Of the whole job that cached them; what of it is this run's follows from how many share it.
        "once_cpu_seconds": shared.get("cpu_seconds", 0.0),
        "once_gpu_seconds": shared.get("gpu_seconds", 0.0),
    }


def texts_of(reading: Reading, made: Batches, size: int, goal: Objective) -> list[Texts]:
    """What a step reads as micro-batches of at most `size` rows."""
    parts = []
    for rows in micro_batches(reading.forget, size):
        answers, refused = zip(*rows, strict=True)
        parts.append(
            Texts(made.make(answers) if goal.answers else None, made.make(refused) if goal.refusals else None, None)
        )
    for part, kept in zip(parts, micro_batches(reading.keep, size), strict=False):
        part.retain = made.make(kept)
    return parts


def asking(spec: Unlearn, stack: Stack, tokenizer: Any, work: Work, template: str | Chat) -> Asking:
    """How the run is asked on its way: the fast engine calls blocks by themselves, which a sharded model's do not bear."""
    engine = spec.engine if sharding.count() == 1 else "plain"
    return Asking(tokenizer, stack, engine, spec.max_new_tokens, work.batch_size, template, work.inputs["data"][0], "")


def frozen_folder(spec: Unlearn, work: Work) -> Path | None:
    """The states that were cached for this run, None without any.

    Raises:
        BadInput: they are another model's, or of other blocks, prompts or another type: their losses would be wrong.
    """
    if "frozen" not in work.inputs:
        return None
    folder = work.inputs["frozen"][0]
    manifest = read_manifest(folder)
    made = {key: manifest["spec"][key] for key in ("first", "template", "stream")}
    made |= {key: manifest["spec"]["model"][key] for key in MODEL_KEYS}
    made |= {"start": sorted(manifest["inputs"].get("start", {}).values())}
    own = spec.model_dump(mode="json", include={"template", "stream"}) | spec.model.model_dump(include=set(MODEL_KEYS))
    own |= {"first": spec.carrier.edits_from(), "start": sorted(identity(read_manifest(link)) for link in work.inputs.get("start", []))}  # fmt: skip
    for key, value in own.items():
        if made[key] != value:
            raise BadInput(
                f"--input frozen={folder}: its {key} is {made[key]}, this run's {value}; make it again from the same "
                "model and edits (snakemake does)."
            )
    return folder
