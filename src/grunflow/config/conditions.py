"""Which runs of a study a condition is put to, and what it asks them. What its file states:

subject(restored, spec) -> Subject    it changes the model: white-box, put to the runs of methods
put(asking, spec) -> Asking           it asks otherwise: black-box if that is all; put to reference models too
STRENGTH = "strength"                 the key that tables show as its strength
CARRIERS = ()                         what a run's carrier must train (a carrier's TRAINS); empty: anything
NEEDS = ()                            keys that the carrier must have, as `gate`
PROBE = ""                            the probe that it asks with, in place of the benchmark's; its options are the keys. One that
                                      reads the target model and the retain model's scores beside the run (the probe's BESIDE)
                                      looks inside: white-box, and put to these two models as well
AT_MOST = {}                          keys that may be at most as large as another one
ONLY_WITH = {}                        keys that mean something only where another one has this value: key -> (other key, value)
ROUNDS = False                        whether it rounds weights, by which metrics are tried
"""

from grunflow.benchmarks.base import RETAIN, TARGET
from grunflow.config.facts import PROBE, defined, fact_of
from grunflow.config.methods import Source, condition_source, trains
from grunflow.config.parts import ConditionSpec
from grunflow.config.runs import Part, Run
from grunflow.config.sets import ProbeSpec
from grunflow.config.study import Study
from grunflow.config.where import is_on

NO_GRID = "none"  # of conditions that round
BLACK_BOX, WHITE_BOX = "black-box", "white-box"
LOOKED_AT = (TARGET, RETAIN)  # by conditions that look beside the run


def access(source: Source) -> str:
    """What it takes: nothing but to ask, or the model itself."""
    return WHITE_BOX if "subject" in defined(source.path) or looks_beside(source) else BLACK_BOX


def looks_beside(source: Source) -> bool:
    """Whether its probe reads the target model, and the retain model's scores, too."""
    own = source.facts.get("PROBE", "")
    return bool(own) and bool(fact_of(PROBE, own, "BESIDE", False))


def rounds(study: Study, name: str) -> bool:
    """Whether a condition rounds weights: a grid that rounds nothing does not."""
    return (
        bool(condition_source(study, name).facts.get("ROUNDS", False)) and study.conditions[name].get("grid") != NO_GRID
    )


def strength(source: Source, spec: ConditionSpec) -> float | None:
    """The number that tells how far a condition goes, where its file names one; None of a key that holds no number."""
    found = spec.get(source.facts.get("STRENGTH", "strength"))
    return float(found) if isinstance(found, int | float) else None


def is_meant(part: Part, run: Run, name: str) -> bool:
    """Whether the condition's `where` names a run."""
    return is_on(part, run, part.study.conditions.get(name, {}).get("where") or {})


def is_put_to(part: Part, run: Run, name: str) -> bool:
    """Whether a run is scored under a condition: where it means something."""
    source = condition_source(part.study, name)
    if part.theirs(run) or not probes(part, name) or not is_meant(part, run, name):
        return False
    if looks_beside(source) and not all(part.reference(run, role) for role in LOOKED_AT):
        return False
    if run.is_reference:
        return run.objective in LOOKED_AT if looks_beside(source) else access(source) == BLACK_BOX
    trained, needed = source.facts.get("CARRIERS", ()), source.facts.get("NEEDS", ())
    fits = not trained or trains(part.study, run.carrier) in trained
    return fits and all(part.method(run).carrier.get(key) is not None for key in needed)


def probes(part: Part, name: str) -> tuple[ProbeSpec, ...]:
    """What runs are asked under a condition; nothing where the benchmark has no question that can be put so, or no metric of
    what comes back."""
    source, benchmark = condition_source(part.study, name), part.benchmark
    own = source.facts.get("PROBE", "")
    reached = tuple(probe for probe in benchmark.probes if fact_of(PROBE, probe.kind, "FORMS", False))
    if own:
        roles = {role for metric in benchmark.metrics if metric.probe == own for role in metric.roles}
        options = part.condition(name).model_extra or {}
        sets = tuple(item for probe in reached[:1] for item in probe.sets if item.role in roles)
        return (ProbeSpec(kind=own, sets=sets, options=options),) if sets else ()
    return reached if "put" in defined(source.path) else benchmark.probes
