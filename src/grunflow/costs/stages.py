"""What one job of a stage costs, from its spec: FLOPs, memory, disk, seconds. No torch: the rules ask, once per job."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from grunflow.config import specs, wmdp
from grunflow.config.specs import Carrier, Model, Training
from grunflow.config.study import Study
from grunflow.costs import flops, hardware, memory, texts
from grunflow.costs.hardware import CPU, DEVICES, Device
from grunflow.costs.memory import BYTES, GIB, IMPORTS, Held
from grunflow.costs.shapes import Shapes
from grunflow.costs.texts import Lengths

FULL = Carrier(name="full")
# Questions of lm-eval's wmdp_bio, wmdp_cyber and mmlu (1273, 1987, 14042), four options each; texts of both corpora.
WMDP_QUESTIONS, WMDP_OPTIONS, WMDP_QUESTION_TOKENS, CORPUS_TEXTS = 17302, 4, 150, 25000
ANSWERS_PER_QUESTION = 7  # the right one, a paraphrase and five wrong ones
MOST_GPUS = 8  # of a node


@dataclass(frozen=True)
class Cost:
    """Of one job. gpu_bytes: on each of `gpus`. checkpoint_bytes: of its resume state, gone after success."""

    flops: float | int = 0.0
    seconds: float = 60.0
    gpus: int = 0
    gpu_bytes: int = 0
    host_bytes: int = GIB
    disk_bytes: int = 0
    checkpoint_bytes: int = 0


def cost(study: Study, spec: Any) -> Cost:
    """Of the job of `spec`; stages that load no model are taken for small."""
    kind = STAGES.get(spec.stage)
    return kind(study, spec) if kind else Cost()


def shapes_of(study: Study, model: Model) -> Shapes:
    return Shapes.of_sheet(model.architecture, study.vocabulary)


def _device(study: Study, model: Model) -> Device:
    """A model from scratch is small and trained on a CPU; a hub's model needs a GPU."""
    return DEVICES[study.gpu] if model.repo else CPU


def is_sharded(spec: Any) -> bool:
    """Whether several processes may share a training job: every weight is trained, passes run to the end (launch.py)."""
    carrier, objective = getattr(spec, "carrier", None), getattr(spec, "objective", None)
    return (carrier is None or carrier.name == "full") and (objective is None or objective.name != "rmu")


def _placed(
    study: Study, model: Model, held: Held, kept: int, work: float | int, seconds: float, state: int = 0,
    sharded: bool = False,
) -> Cost:  # fmt: skip
    """`held`: bytes of training or scoring. `kept`: bytes of the output. `work`: FLOPs. `state`: bytes of a checkpoint.
    `sharded`: on as many GPUs as hold it, each of which loads the whole model first; else on one."""
    device = _device(study, model)
    weights = shapes_of(study, model).parameters * BYTES[model.dtype]
    around = hardware.START_SECONDS + hardware.write_seconds(weights + kept)
    if not device.gpu_bytes:
        return Cost(work, seconds + around, 0, 0, IMPORTS["cpu"] + held.total, kept, state)
    room = hardware.GPU_SHARE * device.gpu_bytes - IMPORTS["gpu"]
    most = MOST_GPUS if sharded else 1
    gpus = next((number for number in range(1, most) if held.on_each(number) <= room), most)
    host = gpus * (IMPORTS["host"] + weights * 5 // 4)
    return Cost(work, seconds / gpus + around, gpus, IMPORTS["gpu"] + held.on_each(gpus), host, kept, state)


def _trained(
    study: Study, model: Model, spec: Any, carrier: Carrier, training: Training, rows: int, long: Lengths,
    step_flops: float | int, batches: int = 1, reference: bool = False,
) -> Cost:  # fmt: skip
    """`step_flops` of a whole optimiser step, which runs `batches` batches of training.batch_size rows. `spec`: the job's."""
    shapes = shapes_of(study, model)
    micro = training.batch_size // training.accumulation
    worst = long.longest_batch(batches * micro)
    several = training.accumulation > 1
    held = memory.training(shapes, carrier, model.dtype, worst, worst.tokens, reference, several)
    count = texts.steps(training, rows)
    # Forward, gradient of what lies below, own gradient: weights are read three times for every micro-batch.
    reads = count * batches * training.accumulation * 3 * held.weights
    seconds = hardware.compute_seconds(_device(study, model), count * step_flops, reads)
    kept = held.weights if carrier.name == "full" else held.gradients
    state = held.gradients + held.moments
    return _placed(study, model, held, kept, count * step_flops, seconds, state, is_sharded(spec))


def _finetune(study: Study, spec: specs.Finetune) -> Cost:
    training = spec.model.base if spec.role == "base" else spec.model.target
    assert training is not None, "config.study refuses a model without training"
    long = texts.lengths(study)
    if spec.role == "base":
        rows = texts.base_rows(study)
    else:
        rows = texts.rows_of(study, texts.RETAIN_OF_FORGET[spec.forget_split] if spec.forget_split else "full")
        rows += 0 if spec.model.repo else spec.model.replayed
    passes = flops.training(shapes_of(study, spec.model), FULL)
    micro = long.batch(training.batch_size // training.accumulation)
    return _trained(study, spec.model, spec, FULL, training, rows, long, training.accumulation * passes.flops(micro))


def _unlearn(study: Study, spec: specs.Unlearn) -> Cost:
    model, long = study.models[spec.model], texts.lengths(study)
    shapes, name = shapes_of(study, model), spec.objective.name
    batches = texts.batches_read(spec.objective, spec.carrier)
    packed = (
        spec.engine == "fast" and spec.carrier.name in ("reft", "grun") and name != "rmu"
        and spec.objective.kl_positions != "all"
    )  # fmt: skip
    micro = spec.training.batch_size // spec.training.accumulation
    extent = long.pack(micro) if packed else long.batch(micro)
    per_batch = flops.training(shapes, spec.carrier, spec.objective.layer, packed).flops(extent)
    logits = texts.reads_logits(spec.objective)
    if logits:
        per_batch += (flops.head_only(shapes) if packed else flops.forward(shapes)).flops(extent) / batches
    per_step = batches * spec.training.accumulation * per_batch
    rows = texts.rows_of(study, spec.forget_split)
    copied = (logits or texts.reads_nll(spec.objective, spec.engine)) and spec.carrier.name in ("full", "lora")
    trained = _trained(study, model, spec, spec.carrier, spec.training, rows, long, per_step, batches, copied)
    asked = (spec.snapshots.count + 1) * 2 * spec.snapshots.questions if spec.snapshots.count else 0
    return _longer(trained, _generation_seconds(study, model, asked, spec.max_new_tokens))


def _unlearn_wmdp(study: Study, spec: wmdp.UnlearnWmdp) -> Cost:
    shapes, long = shapes_of(study, spec.model), texts.corpus_lengths(spec.texts.max_tokens)
    extent = long.batch(spec.training.batch_size // spec.training.accumulation)
    passes = flops.training(shapes, spec.carrier, spec.objective.layer).flops(extent)
    if spec.objective.layer is not None:
        passes += flops.forward(shapes, spec.objective.layer + 1).flops(extent) / 2
    rows = 2 * (spec.texts.samples or CORPUS_TEXTS // 2)
    if study.wmdp and study.wmdp.sources.craft:
        rows = 8 * study.wmdp.sources.craft.things
    per_step = 2 * spec.training.accumulation * passes
    copied = spec.carrier.name in ("full", "lora")
    return _trained(study, spec.model, spec, spec.carrier, spec.training, rows, long, per_step, 2, copied)


def _cache(study: Study, spec: specs.CacheFrozenStates) -> Cost:
    model, long = study.models[spec.model], texts.lengths(study)
    shapes, size = shapes_of(study, model), BYTES[spec.dtype]
    rows, fixed = texts.rows_of(study, spec.forget_split), spec.retain_sampling == "fixed_partner" and not spec.replayed
    rows += rows if fixed else texts.rows_of(study, texts.RETAIN_OF_FORGET[spec.forget_split])
    work = rows * flops.forward(shapes).flops(long.batch(1))
    upper = 2 * (shapes.layers - 1 - spec.first) * shapes.kv_heads * shapes.head_size * long.prompt
    kept = rows * size * (2 * long.answer * shapes.hidden + upper)
    held = memory.forward(shapes, spec.dtype, long.longest_batch(study.evaluation_batch_size), 0)
    seconds = hardware.compute_seconds(_device(study, model), work, held.weights)
    return _placed(study, model, replace(held, activations=held.activations + kept // 8), kept, work, seconds)


def _evaluate(study: Study, spec: specs.Evaluate) -> Cost:
    model, long = study.models[spec.run.partition("/")[0]], texts.lengths(study)
    shapes, questions = shapes_of(study, model), texts.evaluated_rows(study)
    answered = questions * (long.prompt + ANSWERS_PER_QUESTION * long.answer + spec.max_new_tokens // 2)
    work = flops.forward(shapes).flops(flops.Extent(answered, answered * long.longest, questions))
    held = memory.forward(shapes, spec.dtype, long.longest_batch(study.evaluation_batch_size), 0)
    seconds = hardware.compute_seconds(_device(study, model), work, held.weights)
    seconds += _generation_seconds(study, model, questions, spec.max_new_tokens)
    return _placed(study, model, held, 4096 * questions, work, seconds)


def _evaluate_wmdp(study: Study, spec: wmdp.EvaluateWmdp) -> Cost:
    shapes = shapes_of(study, spec.model)
    questions = 4 * study.wmdp.sources.craft.things if study.wmdp and study.wmdp.sources.craft else WMDP_QUESTIONS
    questions = min(questions, (spec.limit or questions) * len(spec.tasks))
    extent = Lengths(WMDP_QUESTION_TOKENS, 1, 1.0, 512).batch(WMDP_OPTIONS * questions)
    work = flops.forward(shapes).flops(extent)
    held = memory.forward(shapes, spec.model.dtype, flops.Extent(512 * study.evaluation_batch_size, 0, 1), 0)
    seconds = hardware.compute_seconds(_device(study, spec.model), work, held.weights)
    return _placed(study, spec.model, held, 512 * questions, work, seconds)


def _generation_seconds(study: Study, model: Model, prompts: int, new_tokens: int) -> float:
    """Every new token of a batch reads all weights; half of `new_tokens` are written on average."""
    weights = shapes_of(study, model).parameters * BYTES[model.dtype]
    batches = math.ceil(prompts / study.evaluation_batch_size)
    return hardware.compute_seconds(_device(study, model), 0.0, batches * new_tokens / 2 * weights)


def _longer(found: Cost, seconds: float) -> Cost:
    return Cost(**{**vars(found), "seconds": found.seconds + seconds})


STAGES: dict[str, Callable[[Study, Any], Cost]] = {
    "finetune": _finetune,
    "unlearn": _unlearn,
    "unlearn_wmdp": _unlearn_wmdp,
    "cache_frozen_states": _cache,
    "evaluate": _evaluate,
    "evaluate_wmdp": _evaluate_wmdp,
}
