"""What it costs to ask a model: an evaluation whole, and of a training what it is asked on its way."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from grunflow.config import specs
from grunflow.config.facts import CARRIER, CONDITION, fact_of, names
from grunflow.config.parts import CarrierSpec
from grunflow.config.sets import ProbeSpec
from grunflow.config.strengths import along
from grunflow.config.study import Resolved
from grunflow.config.terms import ADAPTERS, WEIGHTS, trained_by, whole_at
from grunflow.costs import asking, flops, hardware, memory, reads
from grunflow.costs.placing import Cost, Load, device_of, fits, placed, shapes_of, waiting, weights_of

Asks = specs.Unlearn | specs.Evaluate


def fitting(study: Resolved, of_size: Callable[[int], Cost], gpus: int = 1) -> Cost:
    """With as many rows at once as the study says, or as fit so many of its kind of GPU: no score depends on it. Where not even one fits,
    as the study says: jobs may get a larger one."""
    size = study.evaluation_batch_size
    asked = found = replace(of_size(size), rows_at_once=size)

    def is_room() -> bool:
        return fits(study, found) and found.gpus <= gpus

    while not is_room() and size > 1:
        size //= 2
        found = replace(of_size(size), rows_at_once=size)
    return found if is_room() else asked


def asked_of(spec: Asks, study: Resolved, probes: Sequence[ProbeSpec], size: int | None = None) -> asking.Asked:
    """size: rows at once, where not as many as the study says."""
    together, layers = size or study.evaluation_batch_size, shapes_of(study, spec.model).layers
    return asking.asked(reads.benchmark_of(study, spec.benchmark), probes, spec.max_new_tokens, together, layers)


def seconds_of(spec: Asks, study: Resolved, asked: asking.Asked) -> float:
    model = spec.model
    return asking.seconds(asked, device_of(study, model), shapes_of(study, model), weights_of(study, model))


def scored(spec: specs.Evaluate, study: Resolved, size: int) -> Cost:
    """With so many rows at once."""
    model, shapes = spec.model, shapes_of(study, spec.model)
    asked = asked_of(spec, study, spec.probes, size)
    times = len(along(spec.condition)) or 1
    work = times * flops.forward(shapes).flops(asked.scored)
    replaced = any(trained_by(carrier) == WEIGHTS for carrier in _put_on(spec))
    held = held_of(spec, study, asked, size, replaced)
    seconds = times * seconds_of(spec, study, asked) + replaced * hardware.write_seconds(held.weights)
    if spec.beside:  # another model of the same size
        seconds += hardware.write_seconds(held.weights)
        held = replace(held, weights=2 * held.weights)
    load = Load(held, times * asked.kept_bytes, work, seconds)
    if _may_wait(spec):
        load = waiting(study, model, load, times, asked, size)
    return placed(study, model, load)


def held_of(spec: Asks, study: Resolved, asked: asking.Asked, size: int, replaced: bool = False) -> memory.Held:
    """What a model holds that is asked so many rows at once, where there are as many. replaced: see memory.forward."""
    shapes, dtype, size = shapes_of(study, spec.model), spec.model.dtype, max(min(size, asked.texts), asked.least)
    batch = reads.longest_batch(asked.longest, size)
    heads = size * (asked.labels if spec.engine == "fast" else asked.heads)
    held = memory.forward(shapes, dtype, batch, heads, size * asked.labels, replaced)
    remembered = memory.keys_and_values(shapes, dtype, size * asked.remembered)
    return replace(held, activations=held.activations + remembered)


def _put_on(spec: specs.Evaluate) -> Sequence[CarrierSpec]:
    """The carriers that are put on the weights that are read: those of a whole model are its start, but where it is asked at a share."""
    scaled = along(spec.condition) or spec.condition.get("strength") not in (None, 1.0)
    taken = spec.carriers[:-1] if scaled else spec.carriers
    # Of a user's own file a spec does not say whether it puts adapters around layers.
    whole = whole_at(
        (trained_by(part), fact_of(CARRIER, part.kind, "WHOLE", False)) if part.kind else (ADAPTERS, False)
        for part in taken
    )
    return spec.carriers if whole is None else spec.carriers[whole + 1 :]


def _may_wait(spec: specs.Evaluate) -> bool:
    """Whether blocks of its model may wait outside the GPU: nothing but edits is put on it, and nothing works on weights."""
    edited = all(trained_by(carrier) not in (WEIGHTS, ADAPTERS) for carrier in _put_on(spec))
    kind = spec.condition.kind
    return edited and not spec.beside and not (kind in names(CONDITION) and fact_of(CONDITION, kind, "ROUNDS", False))
