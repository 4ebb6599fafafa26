"""Study -> every job: which folder it writes, from which spec, inputs and files. Rule files and `grunflow why` look jobs up
here: which stage reads what stands in one place."""

import shlex
from dataclasses import dataclass, field

from grunflow.config import runs, wmdp_runs
from grunflow.config.runs import Run
from grunflow.config.specs import Strict
from grunflow.config.study import Study
from grunflow.config.wmdp_runs import WmdpRun

Inputs = dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class Job:
    """One call of a stage. inputs: name -> finished folders. files: what it reads that no job made. discarded: the folder of
    the trained carrier, which goes once every job that reads it is done; None where it is kept, in `folder`."""

    rule: str
    folder: str
    spec: Strict
    inputs: Inputs = field(default_factory=dict)
    files: tuple[str, ...] = ()
    discarded: str | None = None

    @property
    def stage(self) -> str:
        return self.spec.model_dump(include={"stage"})["stage"]

    @property
    def log(self) -> str:
        """Where its rule writes the log."""
        results, study, *place = self.folder.split("/")
        named = {"runs/data": "prepare_data", "runs/corpora": "prepare_corpora", "metrics": "aggregate",
                 "wmdp": "aggregate_wmdp"}  # fmt: skip
        inside = "/".join(place)
        inside = named.get(inside, inside).removeprefix("runs/")
        return f"{results}/{study}/logs/{inside.replace('scores/', 'evaluate/', 1)}.log"

    @property
    def arguments(self) -> str:
        """The command's `--input` and `--file` arguments."""
        inputs = [f"--input {name}={folder}" for name, folders in self.inputs.items() for folder in folders]
        return " ".join([*inputs, *(f"--file {shlex.quote(file)}" for file in self.files)])

    @property
    def carrier_argument(self) -> str:
        """The command's `--carrier` argument, of a carrier that is discarded."""
        return f"--carrier {self.discarded}" if self.discarded else ""


def all_jobs(study: Study) -> list[Job]:
    """Every job of the study, each after those whose folders it reads."""
    jobs = [*_tofu_jobs(study), *(_wmdp_jobs(study) if study.wmdp else ()), *_report_jobs(study)]
    return list({job.folder: job for job in jobs}.values())


def by_folder(study: Study) -> dict[str, Job]:
    return {job.folder: job for job in all_jobs(study)}


def _root(study: Study) -> str:
    return f"results/{study.study}"


def _target(study: Study, run: Run) -> str:
    return f"{_root(study)}/runs/{run.model}/target_t{run.target_seed}"


def trained_folder(study: Study, run: Run | WmdpRun) -> str:
    """What training a run wrote: a fine-tuned model, or the folder of an unlearning run."""
    if isinstance(run, Run) and run.objective == "target":
        return _target(study, run)
    return f"{_root(study)}/runs/{run.path}"


def _unlearning_job(rule: str, study: Study, run: Run | WmdpRun, spec: Strict, inputs: Inputs) -> Job:
    folder = trained_folder(study, run)
    if study.keeps(run.carrier):
        return Job(rule, folder, spec, inputs)
    return Job(f"{rule}_and_discard", folder, spec, inputs, discarded=f"{_root(study)}/carriers/{run.path}")


def _scored(trained: Job) -> Inputs:
    """What scoring an unlearning run reads: its carrier, and where that lies apart the run's folder, which stays, so that
    scores remain tied to the training they are of."""
    if trained.discarded:
        return {"model": (trained.discarded,), "run": (trained.folder,)}
    return {"model": (trained.folder,)}


def _start(study: Study, model: str, data: str) -> Inputs:
    """A model from scratch starts at the study's base, a hub's model at the hub."""
    scratch = study.models[model].repo is None
    return {"data": (data,), **({"base": (f"{_root(study)}/runs/{model}/base",)} if scratch else {})}


def _bases(study: Study, models: list[str], data: str) -> list[Job]:
    return [
        Job("finetune_base", base, runs.finetune_spec(study, model, "base", 0), {"data": (data,)})
        for model in models
        for base in _start(study, model, data).get("base", ())
    ]


def _tofu_jobs(study: Study) -> list[Job]:
    root, every = _root(study), runs.all_runs(study)
    data = f"{root}/runs/data"
    inputs: Inputs
    jobs = [Job("prepare_data", data, runs.prepare_data_spec(study), files=runs.data_files(study))]
    jobs += _bases(study, [run.model for run in every], data)
    for run in every:
        if run.is_reference:
            spec = runs.finetune_spec(study, run.model, run.objective, run.target_seed)
            start = _start(study, run.model, data)
            jobs.append(Job(f"finetune_{run.objective}", trained_folder(study, run), spec, start))
    for run in every:
        if run.is_reference:  # it stands for itself
            itself = (trained_folder(study, run),)
            inputs = {"data": (data,), "model": itself, "target": itself}
        else:
            *frozen, trained = _unlearning(study, run, data)
            jobs += [*frozen, trained]
            inputs = {"data": (data,), **_scored(trained), "target": (_target(study, run),)}
        jobs.append(Job("evaluate", f"{root}/scores/{run.path}", runs.evaluate_spec(study, run), inputs))
    logs = tuple(path for item in study.published_logs for path in (item.log, item.retain_log) if path)
    inputs = {
        "score": tuple(f"{root}/scores/{run.path}" for run in every),
        "run": tuple(trained_folder(study, run) for run in every),
    }
    return [*jobs, Job("aggregate", f"{root}/metrics", runs.aggregate_spec(study), inputs, logs)]


def _unlearning(study: Study, run: Run, data: str) -> list[Job]:
    """An unlearning run, last, and where it trains on them its target model's frozen states."""
    inputs: Inputs = {"data": (data,), "target": (_target(study, run),)}
    jobs: list[Job] = []
    first = runs.first_edited(study, run)
    if first is not None:
        frozen = f"{_root(study)}/runs/{run.model}/{run.forget_split}/frozen_b{first}_t{run.target_seed}"
        spec = runs.frozen_states_spec(study, run.model, run.target_seed, first)
        jobs = [Job("cache_frozen_states", frozen, spec, dict(inputs))]
        inputs["frozen"] = (frozen,)
    return [*jobs, _unlearning_job("unlearn", study, run, runs.unlearn_spec(study, run), inputs)]


def _wmdp_jobs(study: Study) -> list[Job]:
    root, every = _root(study), wmdp_runs.all_runs(study)
    data = f"{root}/runs/corpora"
    jobs = [Job("prepare_corpora", data, wmdp_runs.prepare_spec(study), files=wmdp_runs.corpus_files(study))]
    jobs += _bases(study, [run.model for run in every], data)
    for run in every:
        inputs = _start(study, run.model, data)
        if run.carrier:
            trained = _unlearning_job("unlearn_wmdp", study, run, wmdp_runs.unlearn_spec(study, run), inputs)
            jobs.append(trained)
            inputs = inputs | _scored(trained)
        jobs.append(Job("evaluate_wmdp", f"{root}/scores/{run.path}", wmdp_runs.evaluate_spec(study, run), inputs))
    folders = tuple(trained_folder(study, run) for run in every if run.carrier)
    inputs = {"score": tuple(f"{root}/scores/{run.path}" for run in every), "run": folders}
    return [*jobs, Job("aggregate_wmdp", f"{root}/wmdp", wmdp_runs.aggregate_spec(study), inputs)]


def _report_jobs(study: Study) -> list[Job]:
    root = _root(study)
    parts: Inputs = {"metrics": (f"{root}/metrics",), **({"wmdp": (f"{root}/wmdp",)} if study.wmdp else {})}
    tables: Inputs = {"tables": (f"{root}/tables",)}
    jobs = [
        Job("tables", f"{root}/tables", runs.tables_spec(study), parts, study.published),
        Job("figures", f"{root}/figures", runs.figures_spec(study), parts),
    ]
    pages: Inputs = parts | tables | {"figures": (f"{root}/figures",)}
    if study.claims:
        jobs.append(Job("claims", f"{root}/claims", runs.claims_spec(study), tables, (study.claims,)))
        pages = pages | {"claims": (f"{root}/claims",)}
    return [*jobs, Job("report", f"{root}/report", runs.report_spec(study), pages)]
