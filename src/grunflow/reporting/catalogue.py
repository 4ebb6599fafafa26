"""Every table and figure of a study by name, for those who must know before there is one (tables/listing.py and
figures/listing.py say what each is)."""

from dataclasses import dataclass

from grunflow.benchmarks.base import Benchmark
from grunflow.config.attacks import attacked
from grunflow.config.resolve import conditions
from grunflow.config.runs import parts
from grunflow.config.sequences import states
from grunflow.config.study import Resolved
from grunflow.reporting.entries import PLAIN, listed
from grunflow.reporting.figures.listing import FIGURES
from grunflow.reporting.tables.listing import TABLES


@dataclass(frozen=True)
class Planned:
    """A benchmark of a study that has not run (see entries.Source)."""

    name: str
    benchmark: Benchmark
    carriers: tuple[str, ...]
    variants: bool
    conditions: bool
    attacks: bool
    sequences: bool
    snapshots: bool


def planned(study: Resolved) -> list[Planned]:
    """The benchmarks that the grid names, in the study's order, with the runs that are not absent."""
    found = []
    for part in parts(study):
        attacking = any(attacked(part))
        asked = part.benchmark.keys.snapshots or study.snapshots
        found.append(
            Planned(
                name=part.name,
                benchmark=part.benchmark,
                carriers=tuple(dict.fromkeys(run.carrier for run in part.unlearned)),
                variants=any(run.variant for run in part.unlearned),
                conditions=attacking or any(name != PLAIN for run in part.runs for name in conditions(part, run)),
                attacks=attacking,
                sequences=any(states(part)),
                snapshots=part.benchmark.snapshot is not None and bool(asked.count or asked.steps),
            )
        )
    return found


def tables(study: Resolved) -> tuple[str, ...]:
    return tuple(listed(TABLES, study, planned(study)))


def figures(study: Resolved) -> tuple[str, ...]:
    return tuple(listed(FIGURES, study, planned(study)))
