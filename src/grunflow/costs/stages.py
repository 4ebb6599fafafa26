"""What one job of a stage costs, from its spec: FLOPs, memory, disk, seconds. No torch: the rules ask, once per job."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial, singledispatch

from grunflow.benchmarks.base import Lengths
from grunflow.config import specs, stage
from grunflow.config.forms import training_of
from grunflow.config.sets import ProbeSpec
from grunflow.config.study import Resolved
from grunflow.config.terms import (
    WEIGHTS,
    Terms,
    alone_because,
    padded_because,
    plain_because,
    terms_of,
    trained_by,
)
from grunflow.costs import flops, hardware, memory, reads, scoring
from grunflow.costs.flops import Extent
from grunflow.costs.memory import BYTES
from grunflow.costs.micro_batches import fewest, parts, training_in
from grunflow.costs.placing import Cost, Load, device_of, placed, shapes_of
from grunflow.costs.training import Step, Trained, cost_of
from grunflow.training.schedule import snapshot_steps, total_steps


def cost(study: Resolved, spec: stage.Stage) -> Cost:
    """What the job of `spec` costs; stages that load no model are taken to do little."""
    training = training_in(spec)
    if training and training.accumulation is None:
        return fewest(study, spec, _cost)
    found = _cost(spec, study)
    return replace(found, accumulation=parts(training)) if training else found


@singledispatch
def _cost(spec: stage.Stage, study: Resolved) -> Cost:
    return Cost(hardware.LITTLE)


@_cost.register
def _finetune(spec: specs.Finetune, study: Resolved) -> Cost:
    training = training_of(spec.model, spec.role)
    assert training is not None, "config.checks refuses a model without training"
    benchmark = reads.benchmark_of(study, spec.benchmark)
    long = benchmark.lengths
    rows = sum(benchmark.rows.get(file, 0) for file in spec.files) + (spec.model.replayed if spec.replay else 0)
    micro = training.batch_size // parts(training)
    shapes, count = shapes_of(study, spec.model), parts(training)

    def step(extent: Extent, worst: Extent) -> Step:
        return Step(count * flops.training(shapes).flops(extent), count, shapes.layers, worst)

    padded = step(reads.batch(long, micro), reads.longest_batch(long.longest, micro))
    packed = step(reads.text_pack(long, micro, whole=spec.role == "base"), reads.heaviest(long, micro, edited=False))
    alone = packed if spec.engine == "fast" else padded
    shared = alone_because(spec) is None
    return cost_of(study, spec.model, Trained(None, training, rows, padded, alone, sharded=shared))


@_cost.register
def _unlearn(spec: specs.Unlearn, study: Resolved) -> Cost:
    probe = spec.snapshots.probe
    if probe is None:
        # Rows are read together before its first step too.
        return replace(_trained(spec, study), rows_at_once=study.evaluation_batch_size)
    steps = total_steps(spec.training, reads.forgotten(reads.benchmark_of(study, spec.benchmark), spec.stream))
    return _asked_on_the_way(spec, study, [probe], len(snapshot_steps(spec.snapshots, steps)))


def _asked_on_the_way(spec: specs.Unlearn, study: Resolved, probes: Sequence[ProbeSpec], times: int) -> Cost:
    """A training that is put to the probes so many times, with as many rows at once as need no more GPUs than its steps."""

    def of_size(size: int) -> Cost:
        asked = scoring.asked_of(spec, study, probes, size)
        held = scoring.held_of(spec, study, asked, size)
        return _trained(spec, study, times * scoring.seconds_of(spec, study, asked), held.activations + held.logits)

    return scoring.fitting(study, of_size, _trained(spec, study).gpus)


def _trained(spec: specs.Unlearn, study: Resolved, asking_seconds: float = 0.0, asked_bytes: int = 0) -> Cost:
    """An unlearning, or an attack, that is asked for so long on its way, holding so much."""
    benchmark = reads.benchmark_of(study, spec.benchmark)
    long = reads.lengths(benchmark, spec.stream)
    terms = terms_of(spec.objective, spec.carrier)
    of = Trained(
        spec.carrier,
        spec.training,
        reads.forgotten(benchmark, spec.stream),
        _step(spec, study, terms, long, alone=False),
        _step(spec, study, terms, long, alone=True),
        terms.is_copied(spec.engine) and trained_by(spec.carrier) == WEIGHTS,
        alone_because(spec) is None,
        absent_blocks(spec),
        asking_seconds,
        asked_bytes,
    )
    return cost_of(study, spec.model, of)


def absent_blocks(spec: specs.Unlearn) -> int:
    """Blocks that a run does not load (training/method.py, start_stack), of a model that can be packed."""
    first = spec.carrier.edits_from()
    cached = plain_because(spec.objective, (*spec.beneath, spec.carrier), spec.engine) is None
    alone = not isinstance(spec, specs.Attack) and not spec.beneath and spec.snapshots.probe is None
    return first + 1 if cached and alone and first is not None else 0


@_cost.register
def _attack(spec: specs.Attack, study: Resolved) -> Cost:
    """A training that is put to every probe so many times, and leaves scores alone."""
    asked = scoring.asked_of(spec, study, spec.probes)
    times, shapes = len(spec.asked), shapes_of(study, spec.model)
    trained = _asked_on_the_way(spec, study, spec.probes, times)
    return replace(
        trained,
        flops=trained.flops + times * flops.forward(shapes).flops(asked.scored),
        disk_bytes=times * asked.kept_bytes,
    )


def _step(spec: specs.Unlearn, study: Resolved, terms: Terms, long: Lengths, alone: bool) -> Step:
    """An optimiser step, with what is read of the model before unlearning (training/step.py counts the same FLOPs). alone: on one
    process, which packs whole texts (training/engine.py)."""
    shapes = shapes_of(study, spec.model)
    packed = plain_because(spec.objective, (*spec.beneath, spec.carrier), spec.engine) is None
    micro = spec.training.batch_size // parts(spec.training)
    pads = not alone or padded_because(spec.objective, (*spec.beneath, spec.carrier), spec.engine)

    def extent(of: Lengths) -> Extent:
        return reads.pack(of, micro) if packed else reads.batch(of, micro) if pads else reads.text_pack(of, micro)

    passes = flops.training(shapes, spec.carrier, terms.layer, packed)
    refused = terms.refused * passes.flops(extent(long._replace(answer=long.refusal)))
    total = refused + (terms.batches - terms.refused) * passes.flops(extent(long))
    for known, batches in ((terms.forget_reference, terms.forgotten), (terms.retain_reference, 1)):
        if known == "states":
            once = flops.forward(shapes, (terms.layer or 0) + 1)
        elif known == "logits" and packed:
            once = flops.head_only(shapes)
        elif known == "logits" or (known and spec.engine == "plain"):
            once = flops.forward(shapes)
        else:
            continue  # nothing, or summed NLLs that were computed once
        total += batches * once.flops(extent(long))
    together = packed or not pads
    blocks = shapes.layers - 1 - (flops.lowest(spec.carrier) or 0) if packed else shapes.layers
    count = parts(spec.training)
    run = micro * terms.batches
    worst = reads.heaviest(long, run, packed) if together else reads.longest_batch(long.longest, run)
    return Step(count * total, count * (1 if together else terms.batches), blocks, worst)


@_cost.register
def _cache(spec: specs.CacheFrozenStates, study: Resolved) -> Cost:
    return scoring.fitting(study, partial(_cached, spec, study))


def _cached(spec: specs.CacheFrozenStates, study: Resolved, together: int) -> Cost:
    """With so many texts at once."""
    model, benchmark = spec.model, reads.benchmark_of(study, spec.benchmark)
    shapes, size, long = shapes_of(study, model), BYTES[model.dtype], reads.lengths(benchmark, spec.stream)
    rows = reads.forgotten(benchmark, spec.stream) + reads.kept(benchmark, spec.stream)
    work = rows * flops.forward(shapes).flops(reads.batch(long, 1))
    upper = 2 * (shapes.layers - 1 - spec.first) * shapes.kv_heads * shapes.head_size * long.prompt
    kept = rows * size * (2 * long.answer * shapes.hidden + upper)
    labels = long.longest - long.prompt  # of one row after the other
    held = memory.forward(shapes, model.dtype, reads.longest_batch(long.longest, together), labels, labels)
    seconds = hardware.compute_seconds(device_of(study, model), work, held.weights)
    if spec.beneath:
        held, absent = replace(held, activations=held.activations + kept // 8), 0
    else:
        # One block at a time; of as many texts as pass through it together their states, and what is kept of them.
        passing = min(1.0, memory.ROWS_PER_PASS / max(1, rows)) * (
            rows * size * (long.prompt + long.answer) * shapes.hidden + kept
        )
        absent = (shapes.layers - 1) * shapes.block * size
        held = replace(held, weights=held.weights - absent, activations=held.activations + int(passing))
    return placed(study, model, Load(held, kept, work, seconds, absent=absent))


@_cost.register
def _evaluate(spec: specs.Evaluate, study: Resolved) -> Cost:
    return scoring.fitting(study, partial(scoring.scored, spec, study))
