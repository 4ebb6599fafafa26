"""The spec of every job of a benchmark's part of a study."""

from collections.abc import Callable
from functools import cache

from grunflow.benchmarks.base import BASE, EXTERNAL, TARGET, Benchmark, forgetting
from grunflow.config import shown_specs, specs
from grunflow.config.benchmarks import BenchmarkSpec
from grunflow.config.conditions import access, is_meant, is_put_to, looks_beside, probes, strength
from grunflow.config.forms import training_of
from grunflow.config.methods import condition_source
from grunflow.config.models import Model
from grunflow.config.parts import CarrierSpec
from grunflow.config.runs import Part, Run
from grunflow.config.sets import Picked, ProbeSpec, Snapshots
from grunflow.config.starts import is_scratch, loaded
from grunflow.config.strengths import along
from grunflow.config.terms import plain_because

PLAIN = "plain"  # the condition under which every run is scored
WRITTEN = "generation"  # column of the text that a model wrote


def prepare(part: Part) -> specs.Prepare:
    known = BenchmarkSpec(name=part.name, kind=part.spec.kind, keys=part.benchmark.keys.prepared())
    return specs.Prepare(benchmark=known, vocabulary=part.study.vocabulary)


def finetune(part: Part, model: str, role: str, seed: int) -> specs.Finetune:
    """Each role has its own training only: another rate for the target model trains no base again."""
    row, files = part.study.models[model], part.benchmark.training[role]
    trained = {BASE if role == BASE else TARGET: training_of(row, role)}
    scratch = is_scratch(row) and role != BASE
    if scratch and files.replay:
        trained["replayed"] = row.replayed  # type: ignore[assignment]
    return specs.Finetune(
        benchmark=part.name,
        model=loaded(row).model_copy(update=trained),
        role=role,  # type: ignore[arg-type]
        template=part.study.conventions.form(part.study.conventions.finetune_template),
        files=(*files.files, *(files.scratch_only if scratch else ())),
        replay=files.replay if scratch else "",
        split=files.split,
        engine=part.study.engine,
        seed=row.base_seed if role == BASE else seed,
    )


def chain(part: Part, run: Run) -> tuple[CarrierSpec, ...]:
    """Carriers of a run and of those that it starts from, innermost first; none of a reference."""
    return tuple(part.method(item).carrier for item in run.chain if item.carrier)


def asked_on_the_way(part: Part) -> Snapshots:
    return part.benchmark.keys.snapshots or part.study.snapshots


def snapshot(part: Part) -> ProbeSpec | None:
    """What a run is asked on its way; None where it is not."""
    asked = asked_on_the_way(part)
    some = asked.count or asked.steps
    return _snapshot(part.benchmark.snapshot, asked.questions) if part.benchmark.snapshot and some else None


@cache
def _snapshot(of: Callable[[int], ProbeSpec], questions: int) -> ProbeSpec:
    """A benchmark's own, the same for all its runs."""
    return of(questions)


def unlearn(part: Part, run: Run) -> specs.Unlearn:
    found, study = part.method(run), part.study
    asked = asked_on_the_way(part)
    probe = snapshot(part) if run.requests is None else None
    return specs.Unlearn(
        benchmark=part.name,
        model=part.loaded(run),
        split=run.split,
        variant=run.variant,
        beneath=chain(part, run)[:-1],
        stream=stream(part, run),
        template=part.template(run),
        engine=study.engine,
        snapshots=specs.SnapshotSpec(
            count=asked.count if probe else 0,
            steps=asked.steps if probe else (),
            spacing=asked.spacing,
            probe=probe,
            template=study.conventions.form(study.conventions.evaluation_template),
        ),
        max_new_tokens=study.max_new_tokens,
        objective=found.objective,
        carrier=found.carrier,
        training=found.training,
        target_seed=run.target_seed,
        unlearn_seed=run.unlearn_seed or 0,
    )


def stream(part: Part, run: Run):
    """What the run reads at each step."""
    whole = part.benchmark.stream(part.edits(run), part.study.conventions.retain_sampling, part.method(run).texts)
    if run.requests is None:
        return whole
    first, last, parts = run.requests
    return whole.model_copy(update={"picked": Picked(parts=parts, first=first, last=last)})


def first_edited(part: Part, run: Run) -> int | None:
    """The block from which on the run trains on cached states; None where it trains on the plain path.

    What only a loaded model can tell (architecture, window) is left to training/engine.py, which says so in the log.
    """
    method = part.method(run)
    if plain_because(method.objective, chain(part, run), part.study.engine):
        return None
    return method.carrier.edits_from() or 0


def frozen_states(part: Part, run: Run, first: int) -> specs.CacheFrozenStates:
    return specs.CacheFrozenStates(
        benchmark=part.name,
        model=part.loaded(run),
        split=run.split,
        beneath=chain(part, run)[:-1],
        stream=stream(part, run),
        template=part.template(run),
        first=first,
        target_seed=run.target_seed,
    )


def evaluate(part: Part, run: Run, condition: str = PLAIN) -> specs.Evaluate:
    """One that goes along strengths asks the snapshots' questions, and lets nothing be written."""
    study, put = part.study, part.condition(condition)
    probe = snapshot(part)
    on_the_way = probe and probe.model_copy(update={"options": {**probe.options, "written": False}})
    return specs.Evaluate(
        benchmark=part.name,
        run=run.path,
        model=part.loaded(run),
        carriers=chain(part, run),
        condition=put,
        beside=_beside(part, run, condition),
        probes=(on_the_way,) if along(put) and on_the_way else probes(part, condition),
        template=study.conventions.form(study.conventions.evaluation_template),
        engine=study.engine,
        max_new_tokens=study.max_new_tokens,
    )


def _beside(part: Part, run: Run, condition: str) -> Model | None:
    """The target model, as the job loads it, where the condition reads it beside the run."""
    target = part.reference(run, TARGET) if looks_beside(condition_source(part.study, condition)) else None
    return part.loaded(target) if target else None


def conditions(part: Part, run: Run) -> tuple[str, ...]:
    """Under which a run is scored, once under each."""
    own = [name for name in part.study.conditions if name != PLAIN and not along(part.condition(name))]
    return (PLAIN, *(name for name in own if is_put_to(part, run, name)))


def ways(part: Part, run: Run) -> tuple[str, ...]:
    """Conditions that go along strengths with a run, where runs leave snapshots."""
    if run.is_reference or snapshot(part) is None or not by_likelihoods(part.benchmark):
        return ()
    return tuple(name for name in part.study.conditions if along(part.condition(name)) and is_meant(part, run, name))


def by_likelihoods(benchmark: Benchmark) -> bool:
    """Whether forgetting is followed by a metric that reads no text of the model's own."""
    metric = forgetting(benchmark)
    return metric is not None and metric.needs != WRITTEN


def absent(part: Part, run: Run) -> shown_specs.AbsentRun:
    return shown_specs.AbsentRun(
        benchmark=part.name,
        run=run.path,
        model=run.model,
        split=run.split,
        objective=run.objective,
        carrier=run.carrier,
        carrier_kind=part.carrier_kind(run),
        variant=run.variant,
        target_seed=run.target_seed,
        unlearn_seed=run.unlearn_seed,
        reason=part.why_absent(run),
    )


def aggregate(part: Part, trained: list[Run]) -> shown_specs.Aggregate:
    """trained: the runs that jobs of the study trained."""
    known = set(trained)

    def row(run: Run, condition: str) -> shown_specs.RunRow:
        theirs, source = part.theirs(run), condition_source(part.study, condition)
        return shown_specs.RunRow(
            run=run.path,
            model=run.model,
            split=run.split,
            objective=theirs.objective if theirs else run.objective,
            carrier=theirs.carrier if theirs else run.carrier,
            carrier_kind=EXTERNAL if theirs else part.carrier_kind(run),
            variant="" if theirs else run.variant,
            condition=condition,
            access="" if condition == PLAIN else access(source),
            strength=strength(source, part.condition(condition)),
            trained=run in known,
            target_seed=run.target_seed,
            unlearn_seed=run.unlearn_seed,
        )

    return shown_specs.Aggregate(
        benchmark=part.spec,
        runs=tuple(row(run, name) for run in part.runs for name in conditions(part, run)),
        ways=tuple(row(run, name) for run in part.runs for name in ways(part, run)),
    )
