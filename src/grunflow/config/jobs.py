"""Study -> every job: which folder it writes, from which spec, inputs and files. Rule files and `grunflow why` look jobs up
here: which stage reads what stands in one place."""

import shlex
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from grunflow.benchmarks.base import BASE
from grunflow.config import attacks, resolve, sequences, specs
from grunflow.config.conditions import WHITE_BOX, rounds
from grunflow.config.digest import stage_digest
from grunflow.config.finished import told
from grunflow.config.layouts import is_layout
from grunflow.config.local import files_of, words_of
from grunflow.config.methods import carrier_source, condition_source, objective_source, trains
from grunflow.config.models import Model
from grunflow.config.published import names_of, read_sheets
from grunflow.config.runs import Part, Run, parts
from grunflow.config.specs import Stage
from grunflow.config.starts import is_scratch
from grunflow.config.study import Resolved
from grunflow.config.terms import WEIGHTS
from grunflow.errors import BadInput, unknown_name
from grunflow.manifest import digest_of
from grunflow.reporting import catalogue

Inputs = dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class Job:
    """One call of a stage. inputs: name -> finished folders. files: data that it reads and no job made. methods: files of the
    user's own methods, which its code digest covers. discarded: the folder of the trained carrier, which goes once every job
    that reads it is done; None where it is kept, in `folder`."""

    folder: str
    spec: Stage
    inputs: Inputs = field(default_factory=dict)
    files: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    discarded: str | None = None

    @property
    def rule(self) -> str:
        return self.spec.rule + ("_and_discard" if self.discarded else "")

    @property
    def stage(self) -> str:
        return self.spec.name

    @property
    def code(self) -> str:
        return stage_digest(self.spec, self.methods)

    @property
    def copy(self) -> Path:
        """Where a file of it lies at the study's root too; the root itself where none does."""
        return Path(self.folder).parent / self.spec.copied

    @property
    def log(self) -> str:
        """Where its rule writes the log."""
        results, study, *place = self.folder.split("/")
        return f"{results}/{study}/logs/{'/'.join(place)}.log"

    @property
    def arguments(self) -> str:
        """The command's `--input` and `--file` arguments."""
        inputs = [
            f"--input {shlex.quote(f'{name}={folder}')}" for name, folders in self.inputs.items() for folder in folders
        ]
        return " ".join([*inputs, *self.file_arguments])

    @property
    def file_arguments(self) -> list[str]:
        return [f"--file {shlex.quote(file)}" for file in (*self.files, *self.methods)]

    @property
    def carrier_argument(self) -> str:
        """The command's `--carrier` argument, of a carrier that is discarded."""
        return f"--carrier {shlex.quote(self.discarded)}" if self.discarded else ""


def all_jobs(study: Resolved) -> list[Job]:
    """Every job of the study, each after those whose folders it reads.

    Raises:
        BadInput: two jobs of different specs would write one folder.
    """
    own = parts(study)
    found: dict[str, Job] = {}
    for job in (*(job for part in own for job in part_jobs(part)), *report_jobs(study, own)):
        known = found.setdefault(job.folder, job)
        if known.spec != job.spec:
            raise BadInput(f"config: two different specs for {job.folder}; give one of the methods another name.")
    return list(found.values())


def by_folder(study: Resolved) -> dict[str, Job]:
    return {job.folder: job for job in all_jobs(study)}


def root_of(part: Part) -> str:
    return f"results/{part.study.study}/{part.name}"


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
    return [*jobs, *parted, *scored, *followed, *attacking, *asking, Job(f"{root}/metrics", spec, inputs)]


def further(part: Part, known: specs.Aggregate, states: list[sequences.State]) -> specs.Aggregate:
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
    jobs, inputs = [], asked(part, run)
    for condition in conditions:
        spec, folder = resolve.evaluate(part, run, condition), f"{root_of(part)}/scores/{run.path}/{condition}"
        methods = (*carrier_files(part, run), *condition_files(part, condition))
        jobs.append(Job(folder, spec, inputs, read_from_folder(spec.model, inputs), methods))
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
    return Job(f"{root_of(part)}/scores/{state.path}/{resolve.PLAIN}", spec, inputs, files, methods)


def folder_of(part: Part, run: Run) -> str:
    """What training a run wrote: a fine-tuned model, or the folder of an unlearning run; "" of a model that no job trains."""
    root = f"{root_of(part)}/runs"
    if run.is_reference and run.objective == BASE:
        return f"{root}/{run.model}/{BASE}" if is_scratch(part.study.models[run.model]) else ""
    if part.theirs(run) or (run.is_reference and part.published(run.model, run.objective)):
        return ""
    if run.is_reference and not part.benchmark.training[run.objective].split:
        return f"{root}/{run.model}/{run.objective}_t{run.target_seed}"
    return f"{root}/{run.path}"


def keeps(study: Resolved, carrier: str) -> bool:
    """Whether what this carrier trained stays once nothing more is to read it."""
    return study.keep == "all" or (study.keep == "adapters" and trains(study, carrier) != WEIGHTS)


def place_of(part: Part, run: Run) -> str:
    """Where a run's carrier lies: its folder, or one that is discarded."""
    return folder_of(part, run) if keeps(part.study, run.carrier) else f"{root_of(part)}/carriers/{run.path}"


def start_of(part: Part, run: Run) -> Inputs:
    """`start`: finished folders that a run goes on from, each made from the one before; none for a hub's base."""
    reference = Run(run.benchmark, run.model, run.split, part.benchmark.start, target_seed=run.target_seed)
    folders = [folder_of(part, reference), *(place_of(part, item) for item in run.chain[:-1])]
    return {"start": tuple(filter(None, folders))} if any(folders) else {}


def asked(part: Part, run: Run) -> Inputs:
    """What scoring a run reads: the data, and the folders that its model is restored from; where a carrier lies apart also the
    run's folder, which stays, so that scores remain tied to the training they are of."""
    data: Inputs = {"data": (f"{root_of(part)}/data",)}
    if run.is_reference:
        folder = folder_of(part, run)
        return data | ({"start": (folder,)} if folder else {})
    apart = place_of(part, run) != folder_of(part, run)
    return (
        data
        | start_of(part, run)
        | {"model": (place_of(part, run),)}
        | ({"run": (folder_of(part, run),)} if apart else {})
    )


def read_from_folder(model: Model, inputs: Inputs) -> tuple[str, ...]:
    """Files of a model in a local folder, of a job that loads it from there and not from what another job made."""
    return () if inputs.get("start") else files_of(model)


def carrier_files(part: Part, run: Run) -> tuple[str, ...]:
    """Files outside the package that define a run's carriers."""
    sources = [carrier_source(part.study, item.carrier) for item in run.chain if item.carrier]
    return tuple(dict.fromkeys(str(source.path) for source in sources if source.outside))


def attacker_files(part: Part, name: str) -> tuple[str, ...]:
    """The file outside the package that defines what an attacker trains."""
    source = carrier_source(part.study, part.study.attacks[name].carrier)
    return (str(source.path),) if source.outside else ()


def condition_files(part: Part, condition: str) -> tuple[str, ...]:
    """The file outside the package that defines a condition."""
    source = condition_source(part.study, condition)
    return (str(source.path),) if source.outside else ()


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


def report_jobs(study: Resolved, own: list[Part]) -> list[Job]:
    """Tables, figures, claims and the report, over all benchmarks."""
    root = f"results/{study.study}"
    metrics: Inputs = {"metrics": tuple(f"{root_of(part)}/metrics" for part in own)}
    absent = tuple(resolve.absent(part, run) for part in own for run in part.absent)
    shown = {
        "study": study.study,
        "benchmarks": tuple(part.spec for part in own),
        "origins": {part.name: ". ".join([part.benchmark.origin(models_of(part)), *told(part)]) for part in own},
        "selection": selection(study, own),
        "absent": absent,
    }
    if study.rehearsal:
        shown["origins"] = {part.name: study.rehearsal for part in own}
    logs = tuple(path for item in study.published_logs for path in (item.log, item.retain_log) if path)
    # Read whole, so that a bad cell is refused before anything starts.
    read_sheets((path for path in study.published if not is_layout(path)), names_of(part.benchmark for part in own))
    tables = specs.Tables(
        **shown,
        names=catalogue.tables(study),
        published=study.published,
        published_logs=study.published_logs,
        rates=rates(study),
        relearnt=tuple(name for name, attack in study.attacks.items() if attacks.teaches_again(attack)),
        rounded=tuple(name for name in study.conditions if rounds(study, name)),
        rehearsal=study.rehearsal or "",
    )
    jobs = [
        Job(f"{root}/tables", tables, metrics, (*study.published, *logs)),
        Job(
            f"{root}/figures", specs.Figures(**shown, names=catalogue.figures(study), captions=study.captions), metrics
        ),
    ]
    pages: Inputs = metrics | {"tables": (f"{root}/tables",), "figures": (f"{root}/figures",)}
    if study.claims:
        shapes = {name: row.architecture for name, row in study.models.items() if row.architecture.vocabulary}
        more = {"engine": study.engine, "shapes": shapes, "rehearsal": study.rehearsal or ""}
        spec = specs.Claims(study=study.study, claims=study.claims, absent=absent, **more)
        jobs.append(Job(f"{root}/claims", spec, {"tables": (f"{root}/tables",)}, (study.claims,)))
        pages = pages | {"claims": (f"{root}/claims",)}
    return [*jobs, Job(f"{root}/report", specs.Report(**shown, title=study.title), pages)]


def selection(study: Resolved, own: list[Part]) -> dict[str, str]:
    """How rates were chosen, of the benchmarks that the grid uses.

    Raises:
        BadInput: it names a benchmark that the study has not.
    """
    known = [spec.name for spec in study.resolved]
    for name in study.selection:
        if name not in known:
            raise BadInput(f"config.selection: {unknown_name('benchmark', name, known)}")
    return {part.name: study.selection[part.name] for part in own if part.name in study.selection}


def rates(study: Resolved) -> dict[str, float]:
    """Variant -> learning rate, of those that set one."""
    found = {name: parts.get("training", {}).get("learning_rate") for name, parts in study.variants.items()}
    return {name: float(rate) for name, rate in found.items() if rate is not None}


def models_of(part: Part) -> str:
    """What captions call the part's models; empty where all are trained from scratch."""
    models = [part.study.models[name] for name in dict.fromkeys(run.model for run in part.unlearned)]
    return " and ".join(words_of(model) for model in models if not is_scratch(model))
