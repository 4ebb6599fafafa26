"""What one job of a stage costs, from its spec: FLOPs, memory, disk, seconds. No torch: the rules ask, once per job."""

from dataclasses import dataclass, replace
from functools import singledispatch

from grunflow.benchmarks.base import Benchmark, Lengths, declared
from grunflow.config import specs
from grunflow.config.forms import training_of
from grunflow.config.models import Model
from grunflow.config.parts import CarrierSpec, Training
from grunflow.config.sets import ProbeSpec
from grunflow.config.strengths import along
from grunflow.config.study import Resolved
from grunflow.config.terms import WEIGHTS, Terms, alone_because, plain_because, terms_of, trained_by
from grunflow.costs import asking, flops, hardware, memory, reads
from grunflow.costs.memory import BYTES
from grunflow.costs.placing import Cost, Load, device_of, placed, shapes_of, weights_of
from grunflow.training.schedule import snapshot_steps, total_steps


def cost(study: Resolved, spec: specs.Stage) -> Cost:
    """What the job of `spec` costs; stages that load no model are taken for small."""
    return _cost(spec, study)


@singledispatch
def _cost(spec: specs.Stage, study: Resolved) -> Cost:
    return Cost()


def _benchmark(study: Resolved, name: str) -> Benchmark:
    found = declared(study.benchmark(name))
    return replace(found, lengths=reads.in_form(found.lengths, study.conventions))


@dataclass(frozen=True)
class Trained:
    """What a training job does. step_flops: of a whole optimiser step, which runs `batches` batches of training.batch_size
    rows. carrier: None where every weight is trained. copied: whether a copy of the model before stays beside it. absent: how many
    blocks are not loaded."""

    carrier: CarrierSpec | None
    training: Training
    rows: int
    long: Lengths
    step_flops: float
    batches: int = 1
    copied: bool = False
    sharded: bool = True
    absent: int = 0


def _training(study: Resolved, model: Model, of: Trained) -> Cost:
    shapes = shapes_of(study, model)
    micro = of.training.batch_size // of.training.accumulation
    worst = reads.longest_batch(of.long.longest, of.batches * micro)
    several = of.training.accumulation > 1
    held = memory.training(
        shapes, of.carrier, model.dtype, worst, worst.tokens, of.copied, several, of.training.precision
    )
    absent = of.absent * shapes.block * BYTES[model.dtype]
    held = replace(held, weights=held.weights - absent)
    count = total_steps(of.training, of.rows)
    # Forward, gradient of what lies below, own gradient: weights are read three times for every micro-batch.
    read = count * of.batches * of.training.accumulation * 3 * held.weights
    work = count * of.step_flops
    whole = of.carrier is None or trained_by(of.carrier) == WEIGHTS
    load = Load(
        held, shapes.parameters * memory.BYTES[model.dtype] if whole else held.gradients, work,
        hardware.compute_seconds(device_of(study, model), work, read), held.gradients + held.moments, of.sharded, absent,
    )  # fmt: skip
    return placed(study, model, load)


@_cost.register
def _finetune(spec: specs.Finetune, study: Resolved) -> Cost:
    training = training_of(spec.model, spec.role)
    assert training is not None, "config.checks refuses a model without training"
    benchmark = _benchmark(study, spec.benchmark)
    long = benchmark.lengths
    rows = sum(benchmark.rows.get(file, 0) for file in spec.files) + (spec.model.replayed if spec.replay else 0)
    micro = reads.batch(long, training.batch_size // training.accumulation)
    passes = training.accumulation * flops.training(shapes_of(study, spec.model)).flops(micro)
    shared = alone_because(spec) is None
    return _training(study, spec.model, Trained(None, training, rows, long, passes, sharded=shared))


@_cost.register
def _unlearn(spec: specs.Unlearn, study: Resolved) -> Cost:
    benchmark = _benchmark(study, spec.benchmark)
    long = reads.lengths(benchmark, spec.stream)
    terms = terms_of(spec.objective, spec.carrier)
    of = Trained(
        spec.carrier,
        spec.training,
        reads.forgotten(benchmark, spec.stream),
        long,
        _step_flops(spec, study, terms, long),
        terms.batches,
        terms.is_copied(spec.engine) and trained_by(spec.carrier) == WEIGHTS,
        alone_because(spec) is None,
        absent_blocks(spec),
    )
    trained = _training(study, spec.model, of)
    probe = spec.snapshots.probe
    if probe is None:
        return trained
    taken = len(snapshot_steps(spec.snapshots, total_steps(of.training, of.rows)))
    return replace(trained, seconds=trained.seconds + taken * _snapshot_seconds(spec, study, benchmark, probe))


def absent_blocks(spec: specs.Unlearn) -> int:
    """Blocks that a run does not load (training/method.py, start_stack), of a model that can be packed."""
    first = spec.carrier.edits_from()
    cached = plain_because(spec.objective, (*spec.beneath, spec.carrier), spec.engine) is None
    alone = not isinstance(spec, specs.Attack) and not spec.beneath and spec.snapshots.probe is None
    return first + 1 if cached and alone and first is not None else 0


@_cost.register
def _attack(spec: specs.Attack, study: Resolved) -> Cost:
    """A training that is put to every probe so many times, and leaves scores alone."""
    trained = _unlearn(spec, study)
    size = study.evaluation_batch_size
    asked = asking.asked(_benchmark(study, spec.benchmark), spec.probes, spec.max_new_tokens, size)
    times, device = len(spec.asked), device_of(study, spec.model)
    work = times * flops.forward(shapes_of(study, spec.model)).flops(asked.scored)
    reading = times * (1 + asked.reads) * weights_of(study, spec.model)
    return replace(
        trained,
        flops=trained.flops + work,
        seconds=trained.seconds + hardware.compute_seconds(device, work, reading),
        disk_bytes=times * asked.kept_bytes,
    )


def _step_flops(spec: specs.Unlearn, study: Resolved, terms: Terms, long: Lengths) -> float:
    """FLOPs of an optimiser step, with what is read of the model before unlearning (training/step.py counts the same)."""
    shapes = shapes_of(study, spec.model)
    packed = plain_because(spec.objective, (*spec.beneath, spec.carrier), spec.engine) is None
    micro = spec.training.batch_size // spec.training.accumulation
    extent = reads.pack(long, micro) if packed else reads.batch(long, micro)
    total = terms.batches * flops.training(shapes, spec.carrier, terms.layer, packed).flops(extent)
    for known, batches in ((terms.forget_reference, terms.forgotten), (terms.retain_reference, 1)):
        if known == "states":
            passes = flops.forward(shapes, (terms.layer or 0) + 1)
        elif known == "logits" and packed:
            passes = flops.head_only(shapes)
        elif known == "logits" or (known and spec.engine == "plain"):
            passes = flops.forward(shapes)
        else:
            continue  # nothing, or summed NLLs that were computed once
        total += batches * passes.flops(extent)
    return spec.training.accumulation * total


def _snapshot_seconds(spec: specs.Unlearn, study: Resolved, benchmark: Benchmark, probe: ProbeSpec) -> float:
    """One snapshot; of a probe that generates that is most of it."""
    asked = asking.asked(benchmark, [probe], spec.max_new_tokens, study.evaluation_batch_size)
    work = 0.0 if asked.reads else flops.forward(shapes_of(study, spec.model)).flops(asked.scored)
    return hardware.compute_seconds(device_of(study, spec.model), work, asked.reads * weights_of(study, spec.model))


@_cost.register
def _cache(spec: specs.CacheFrozenStates, study: Resolved) -> Cost:
    model, benchmark = spec.model, _benchmark(study, spec.benchmark)
    shapes, size, long = shapes_of(study, model), BYTES[model.dtype], reads.lengths(benchmark, spec.stream)
    rows = reads.forgotten(benchmark, spec.stream) + reads.kept(benchmark, spec.stream)
    work = rows * flops.forward(shapes).flops(reads.batch(long, 1))
    upper = 2 * (shapes.layers - 1 - spec.first) * shapes.kv_heads * shapes.head_size * long.prompt
    kept = rows * size * (2 * long.answer * shapes.hidden + upper)
    held = memory.forward(shapes, model.dtype, reads.longest_batch(long.longest, study.evaluation_batch_size), 0)
    seconds = hardware.compute_seconds(device_of(study, model), work, held.weights)
    if spec.beneath:
        held, absent = replace(held, activations=held.activations + kept // 8), 0
    else:
        # One block at a time; of as many texts as pass through it together their states, and what is kept of them.
        passing = min(1.0, memory.ROWS_PER_PASS / rows) * (
            rows * size * (long.prompt + long.answer) * shapes.hidden + kept
        )
        absent = (shapes.layers - 1) * shapes.block * size
        held = replace(held, weights=held.weights - absent, activations=held.activations + int(passing))
    return placed(study, model, Load(held, kept, work, seconds, absent=absent))


@_cost.register
def _evaluate(spec: specs.Evaluate, study: Resolved) -> Cost:
    model, device = spec.model, device_of(study, spec.model)
    shapes, size = shapes_of(study, model), study.evaluation_batch_size
    asked = asking.asked(_benchmark(study, spec.benchmark), spec.probes, spec.max_new_tokens, size)
    times = len(along(spec.condition)) or 1
    work = times * flops.forward(shapes).flops(asked.scored)
    replaced = any(trained_by(carrier) == WEIGHTS for carrier in spec.carriers)
    held = memory.forward(shapes, model.dtype, reads.longest_batch(asked.longest, size), 0, replaced)
    seconds = hardware.compute_seconds(device, work, times * held.weights)
    seconds += hardware.compute_seconds(device, 0.0, times * asked.reads * held.weights)
    return placed(study, model, Load(held, times * asked.kept_bytes, work, seconds))
