"""Which model of a role a run is held against."""

from collections.abc import Iterable
from typing import Protocol, TypeVar, runtime_checkable


@runtime_checkable
class Placed(Protocol):
    """A run as far as this goes; a job's (config/runs.py), or a row's (config/shown_specs.py)."""

    @property
    def model(self) -> str: ...
    @property
    def split(self) -> str: ...
    @property
    def target_seed(self) -> int | None: ...


Own = TypeVar("Own", bound=Placed)


def held_against(run: Placed, models: Iterable[Own]) -> Own | None:
    """Of models of one role that of the run's target seed, or the only one of its kind; None where there is none, or several of
    which none is the run's."""
    fit = [item for item in models if (item.model, item.split) == (run.model, run.split)]
    if len(fit) > 1:
        fit = [item for item in fit if item.target_seed == run.target_seed]
    return fit[0] if fit else None


def goes_with(reference: Placed, run: Placed) -> bool:
    """Whether a run may be held against a reference model: of its kind of model and, where both have one, its target seed."""
    seeds = {reference.target_seed, run.target_seed} - {None}
    return reference.model == run.model and len(seeds) < 2
