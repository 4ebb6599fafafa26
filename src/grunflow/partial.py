"""grunflow tables --partial: tables, figures, claims and report of what a study has so far.

It goes on without the runs that are not whole yet, as with those of `failed:`, and names them. Everything lies in a folder of its
own, so that nobody takes it for the finished study; nothing of the study itself is touched.
"""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from grunflow.errors import BadInput

if TYPE_CHECKING:
    from grunflow.config.job import Job
    from grunflow.config.runs import Run
    from grunflow.config.stage import Stage
    from grunflow.config.study import Resolved

FOLDER = "partial"  # below results/{study}; no benchmark may be called so
MISSING = "missing"


def run(configfile: Path | None, call: "Callable[[type[Stage], list[str]], int]") -> None:
    """call: runs a stage in this process, by its arguments.

    Raises:
        BadInput: no config is given, or no run is whole.
    """
    from grunflow.config.reading import read_study
    from grunflow.config.typed import read_yaml

    if configfile is None:
        raise BadInput("tables --partial: give the study's --configfile too.")
    study = read_study(read_yaml(str(configfile), "--configfile"))
    known = so_far(study)
    place = Path("results", study.study, FOLDER)
    shutil.rmtree(place, ignore_errors=True)
    for job in jobs(known):
        call(type(job.spec), arguments_of(job))
        if job.spec.copied:
            shutil.copyfile(Path(job.folder, job.spec.copied), job.copy)
    for name, reason in known.absent.items():
        print(f"{reason:10} {name}")
    print(f"{place}/report.html: {len(known.absent)} runs without result; this is part of the study")


def so_far(study: "Resolved") -> "Resolved":
    """The study without what is not whole yet: runs, those whose reference model is not, benchmarks of which no run is."""
    from grunflow.config.jobs import all_jobs, made_for
    from grunflow.config.runs import name_of, parts
    from grunflow.reruns import done_folders

    done = done_folders(all_jobs(study))
    absent, empty = dict(study.absent), []
    for part in parts(study):
        for run in part.runs:
            if not {job.folder for job in made_for(part, run)} <= done:
                absent[name_of(run)] = MISSING
        gone = [run for run in part.references if name_of(run) in absent]
        for run in part.unlearned:
            waits = [other for other in gone if other.model == run.model and _of_one_target(run, other)]
            if waits and name_of(run) not in absent:
                absent[name_of(run)] = f"{MISSING}: waits for {name_of(waits[0])}"
        if all(name_of(run) in absent for run in part.grid):
            empty.append(part.name)
    grid = tuple(rows for rows in study.grid if rows.benchmark not in empty)
    if not grid:
        raise BadInput(f"study {study.study}: no run is whole yet; grunflow status says how far it is.")
    left = {"grid": grid, "absent": absent, "title": f"{study.title} (part of it)"}
    return study.model_copy(update=left)


def _of_one_target(run: "Run", other: "Run") -> bool:
    """Whether a reference model is held against the run: that of its target seed, or one for all."""
    return run.target_seed == other.target_seed or None in (run.target_seed, other.target_seed)


def jobs(study: "Resolved") -> "Iterator[Job]":
    """The jobs that make something of whatever there is, moved into the folder."""
    from grunflow.config.jobs import all_jobs
    from grunflow.config.shown_specs import Aggregate, Claims, Shown

    root, moved = f"results/{study.study}", {}
    for job in all_jobs(study):
        if isinstance(job.spec, Aggregate | Shown | Claims):
            moved[job.folder] = f"{root}/{FOLDER}{job.folder.removeprefix(root)}"
            inputs = {name: tuple(moved.get(item, item) for item in places) for name, places in job.inputs.items()}
            yield replace(job, folder=moved[job.folder], inputs=inputs)


def arguments_of(job: "Job") -> list[str]:
    """Those of its stage's command."""
    words = [f"{name}={place}" for name, places in job.inputs.items() for place in places]
    inputs = [word for item in words for word in ("--input", item)]
    files = [word for item in (*job.files, *job.methods) for word in ("--file", item)]
    return ["--spec", job.spec.model_dump_json(), "--code", job.code, "--out", job.folder, *inputs, *files]
