"""Study -> every job: which folder it writes, from which spec, inputs and files. Rule files and `grunflow why` look jobs up
here: which stage reads what stands in one place."""

from collections.abc import Iterable

from grunflow.benchmarks.base import BASE
from grunflow.config import attacks, resolve, sequences, shown_specs
from grunflow.config.conditions import WHITE_BOX
from grunflow.config.job import Inputs, Job
from grunflow.config.methods import objective_source
from grunflow.config.places import (
    asked,
    attacker_files,
    beside,
    carrier_files,
    condition_files,
    folder_of,
    place_of,
    read_from_folder,
    root_of,
    scores_of,
    start_of,
)
from grunflow.config.runs import Part, Run, parts
from grunflow.config.shown import report_jobs
from grunflow.config.starts import is_scratch
from grunflow.config.study import Resolved
from grunflow.errors import BadInput
from grunflow.manifest import digest_of


def all_jobs(study: Resolved) -> list[Job]:
    """Every job of the study, each after those whose folders it reads.

    Raises:
        BadInput: two jobs of different specs, or inputs, would write one folder.
    """
    own = parts(study)
    found: dict[str, Job] = {}
    for job in (*(job for part in own for job in part_jobs(part)), *report_jobs(study, own)):
        known = found.setdefault(job.folder, job)
        if known is not job:
            _check_same(known, job)
    return list(found.values())


def _check_same(known: Job, job: Job) -> None:
    for name, ours, theirs in (("specs", known.spec, job.spec), ("inputs", known.inputs, job.inputs)):
        if ours != theirs:
            raise BadInput(f"config: two different {name} for {job.folder}; give one of the methods another name.")


def by_folder(study: Resolved) -> dict[str, Job]:
    return {job.folder: job for job in all_jobs(study)}


def part_jobs(part: Part) -> list[Job]:
    """The jobs of one benchmark."""
    root, data = root_of(part), f"{root_of(part)}/data"
    jobs = [Job(data, resolve.prepare(part), files=part.benchmark.files)]
    for run in part.runs:
        jobs += trained(part, run)
    scored = [job for run in part.runs for job in _scored(part, run, resolve.conditions(part, run))]
    followed = [job for run in part.runs for job in _scored(part, run, resolve.ways(part, run))]
    attacking = [_attack(part, run, name) for run, name in attacks.attacked(part)]
    parted = [job for run in sequences.runs(part) for job in trained(part, run)]
    states = list(sequences.states(part))
    asking = [_state(part, state) for state in states]
    trained_here = [run for run in part.runs if folder_of(part, run)]
    spec = further(part, resolve.aggregate(part, trained_here), states)
    inputs = {"score": tuple(job.folder for job in scored), "run": tuple(folder_of(part, run) for run in trained_here)}
    for name, more in (("way", followed), ("attacked", attacking), ("sequence", asking)):
        inputs |= {name: tuple(job.folder for job in more)} if more else {}
    inputs |= {"data": (data,)} if asking else {}
    first = sorted(scored, key=lambda job: "baseline" in job.inputs)  # those that others read
    return [*jobs, *parted, *first, *followed, *attacking, *asking, Job(f"{root}/metrics", spec, inputs)]


def further(part: Part, known: shown_specs.Aggregate, states: list[sequences.State]) -> shown_specs.Aggregate:
    """The same with what became of runs that went on."""
    rows = {row.run: row for row in known.runs if row.condition == resolve.PLAIN}
    more = {
        "attacks": tuple(
            rows[run.path].model_copy(update={"condition": name, "access": WHITE_BOX})
            for run, name in attacks.attacked(part)
        ),
        "sequences": tuple(sequences.row(part, state, rows[state.of.path]) for state in states),
        "requested": sequences.requested(part) if states else "",
    }
    return known.model_copy(update=more)


def made_for(part: Part, run: Run) -> list[Job]:
    """What a row about the run is made of: the job that wrote its folder, and those that scored it."""
    conditions = (*resolve.conditions(part, run), *resolve.ways(part, run))
    attacking = [_attack(part, run, name) for name in attacks.attacks_on(part, run)]
    asking = [_state(part, state) for state in sequences.states(part) if state.of == run]
    return [*trained(part, run)[-1:], *_scored(part, run, conditions), *attacking, *asking]


def _scored(part: Part, run: Run, conditions: Iterable[str]) -> list[Job]:
    """The jobs that put a run to questions, one under each condition."""
    jobs = []
    for condition in conditions:
        spec, inputs = resolve.evaluate(part, run, condition), asked(part, run) | beside(part, run, condition)
        files = read_from_folder(spec.model, inputs)
        if spec.beside:
            files = tuple(dict.fromkeys([*files, *read_from_folder(spec.beside, {"start": inputs.get("beside", ())})]))
        methods = (*carrier_files(part, run), *condition_files(part, condition))
        jobs.append(Job(scores_of(part, run.path, condition), spec, inputs, files, methods))
    return jobs


def _attack(part: Part, run: Run, name: str) -> Job:
    """The job that trains a run further. What is removed of a run it does not read, but for the run's record."""
    spec = attacks.attack(part, run, name)
    inputs = asked(part, run)
    own = inputs.pop("model", ())
    if spec.attacker == "removed":
        inputs |= {"run": (folder_of(part, run),)}
    elif own:
        inputs["start"] = (*inputs.get("start", ()), *own)
    methods = dict.fromkeys([*carrier_files(part, run), *attacker_files(part, name)])
    return Job(
        f"{root_of(part)}/attacks/{run.path}/{name}", spec, inputs, read_from_folder(spec.model, inputs), tuple(methods)
    )


def _state(part: Part, state: sequences.State) -> Job:
    """The job that scores what a method has come to in a sequence."""
    if state.factor is None:
        return _scored(part, state.runs[0], [resolve.PLAIN])[0]
    inputs = asked(part, state.runs[0])
    inputs["model"] = tuple(place_of(part, run) for run in state.runs)
    if "run" in inputs:
        inputs["run"] = tuple(folder_of(part, run) for run in state.runs)
    spec = sequences.evaluate(part, state)
    files = read_from_folder(spec.model, inputs)
    methods = (*carrier_files(part, state.of), *condition_files(part, resolve.PLAIN))
    return Job(scores_of(part, state.path, resolve.PLAIN), spec, inputs, files, methods)


def trained(part: Part, run: Run) -> list[Job]:
    """The jobs that train a run, last the one that writes its folder; a fine-tuned model's base before it."""
    root = root_of(part)
    data: Inputs = {"data": (f"{root}/data",)}
    folder, scratch = folder_of(part, run), is_scratch(part.study.models[run.model])
    base = f"{root}/runs/{run.model}/{BASE}"
    jobs = [Job(base, resolve.finetune(part, run.model, BASE, 0), data)] if scratch else []
    if run.is_reference:
        if folder and run.objective != BASE:
            inputs = data | ({"start": (base,)} if scratch else {})
            tuned = resolve.finetune(part, run.model, run.objective, run.target_seed or 0)
            jobs.append(Job(folder, tuned, inputs, read_from_folder(tuned.model, inputs)))
        return jobs
    inputs = data | start_of(part, run)
    own = objective_source(part.study, run.objective)
    methods = (*((str(own.path),) if own.outside else ()), *carrier_files(part, run))
    first = resolve.first_edited(part, run)
    if first is not None:
        spec = resolve.frozen_states(part, run, first)
        digest = digest_of(spec.model_dump(mode="json"))[:8]
        place = "/".join(filter(None, (f"{root}/runs/{run.model}", run.split, f"frozen_b{first}_{digest}")))
        beneath = carrier_files(part, run.start) if run.start else ()
        jobs.append(Job(place, spec, inputs, read_from_folder(spec.model, inputs), methods=beneath))
        inputs = inputs | {"frozen": (place,)}
    apart = place_of(part, run)
    own_spec = resolve.unlearn(part, run)
    files = read_from_folder(own_spec.model, inputs)
    jobs.append(Job(folder, own_spec, inputs, files, methods, discarded=apart if apart != folder else None))
    return jobs
