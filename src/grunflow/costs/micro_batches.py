"""Micro-batches of a training that leaves them to the plan (`accumulation: null`)."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from grunflow.config import specs, stage
from grunflow.config.forms import training_of
from grunflow.config.parts import Training
from grunflow.config.study import Resolved
from grunflow.costs.placing import Cost, fits


def training_in(spec: stage.Stage) -> Training | None:
    """How a job trains; None of one that does not."""
    if isinstance(spec, specs.Finetune):
        return training_of(spec.model, spec.role)
    return spec.training if isinstance(spec, specs.Unlearn) else None


def parts(training: Training) -> int:
    """Micro-batches of a step; one where that is left to the plan."""
    return training.accumulation or 1


def fewest(study: Resolved, spec: stage.Stage, cost: Callable[[stage.Stage, Resolved], Cost]) -> Cost:
    """What the job costs with as few micro-batches as fit the fewest GPUs of the study's kind on which it fits at all; where it fits on
    none, with a row in each. On several GPUs a process runs as many rows at once as one GPU would, or fewer (`rows_at_once`)."""
    training = training_in(spec)
    assert training is not None

    def of(count: int) -> Cost:
        return replace(cost(in_parts(spec, training, count), study), accumulation=count)

    last = of(training.batch_size)
    if not fits(study, last):
        return last
    found = map(of, _divisors(training.batch_size))
    return next(each for each in found if fits(study, each) and each.gpus <= last.gpus)


def _divisors(rows: int) -> Iterator[int]:
    return (count for count in range(1, rows + 1) if rows % count == 0)


def in_parts(spec: stage.Stage, training: Training, count: int) -> stage.Stage:
    """The same with so many micro-batches a step."""
    told = training.model_copy(update={"accumulation": count})
    if not isinstance(spec, specs.Finetune):
        return spec.model_copy(update={"training": told})
    role = spec.role if getattr(spec.model, spec.role) is training else "target"
    return spec.model_copy(update={"model": spec.model.model_copy(update={role: told})})
