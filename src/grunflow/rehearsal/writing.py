"""The files of a rehearsal: config, sheet and commits beside its results, models and texts in a cache of its own."""

from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from grunflow.commands.prefetch import needed, tasks_of
from grunflow.config.jobs import all_jobs
from grunflow.config.models import Model
from grunflow.config.pins import repositories, write_pins
from grunflow.config.reading import read_study
from grunflow.config.study import Resolved
from grunflow.config.typed import read_yaml
from grunflow.errors import BadInput
from grunflow.rehearsal import benchmarks
from grunflow.rehearsal.hub import add_repository, write_dataset
from grunflow.rehearsal.study import STEPS, called, least_width, name_of, rehearsed, sheet_of

HEAD = "# Written by `grunflow rehearse`, which writes it anew.\n"


class Written(NamedTuple):
    """configfile: of the rehearsal. home: the cache. told: a line for each thing that was replaced."""

    configfile: Path
    home: Path
    told: list[str]


def write(configfile: Path, place: Path, whole: bool) -> Written:
    """Write everything that a rehearsal of the study reads.

    Args:
        place: below it lies the cache.
        whole: see study.rehearsed.

    Raises:
        BadInput: the study is a rehearsal; or it reads something that can neither be found nor made up.
    """
    config = read_yaml(str(configfile), "--configfile")
    study = read_study(config)
    if study.rehearsal:
        raise BadInput(f"{configfile}: is a rehearsal itself; give the study's own config.")
    folder, home = Path("results") / name_of(study.study), place / name_of(study.study)
    folder.mkdir(parents=True, exist_ok=True)
    sheet = sheet_of(read_yaml(study.models_sheet, "config.models_sheet"), study.models)
    own = rehearsed(config, study, folder, whole) | {"rehearsal": sentence(study, whole)}
    (folder / "commits.yaml").unlink(missing_ok=True)
    _save(folder / "models.yaml", sheet)
    _save(folder / "study.yaml", own)
    read = read_study(own)
    commits, told = _models(study, read, home)
    for made in (_texts(read, home), _tasks(read, home)):
        commits, told = commits | made[0], told + made[1]
    if commits:  # a study that reads nothing from a hub has none
        write_pins(folder / "commits.yaml", commits)
    return Written(folder / "study.yaml", home, [f"{own['rehearsal']}.", *told])


def sentence(study: Resolved, whole: bool) -> str:
    """What every caption of the rehearsal says."""
    models = loaded(study)
    texts = any(benchmarks.made_up(spec) for spec in study.resolved)
    parts = [
        *(["random narrow models"] if models else []),
        *(["made-up texts"] if texts else []),
        f"trainings of {STEPS} steps",
        *([] if whole else ["one seed"]),
    ]
    return f"Rehearsal, no result: {', '.join(parts)}"


def _save(path: Path, content: dict[str, Any]) -> None:
    path.write_text(HEAD + yaml.safe_dump(content, sort_keys=False, width=120))


def _models(study: Resolved, read: Resolved, home: Path) -> tuple[dict[str, str], list[str]]:
    """Narrow models under the repositories that the rehearsal's jobs load. study: whose jobs say where the real ones are."""
    from grunflow.rehearsal.models import write_narrow

    real = {called(model.repo): model for model in loaded(study)}
    width = least_width(read)
    commits: dict[str, str] = {}
    told = []
    for model in loaded(read):
        said: list[str] = []

        def fill(folder: Path, model: Model = real[model.repo], said: list[str] = said) -> None:
            said.append(write_narrow(model, width, folder))

        commits[str(model.repo)] = add_repository(home, "model", str(model.repo), fill)
        told.append(f"model {model.repo}: {said[0]}")
    return commits, told


def loaded(study: Resolved) -> list[Model]:
    """Each model that a job loads from a repository or a folder of the user's, once, as its spec names it."""
    models = [getattr(job.spec, "model", None) for job in all_jobs(study)]
    return list({model.repo: model for model in models if isinstance(model, Model) and model.repo}.values())


def _texts(read: Resolved, home: Path) -> tuple[dict[str, str], list[str]]:
    """Made-up rows in the form of each repository that a benchmark reads.

    Raises:
        BadInput: a benchmark that makes none up for one.
    """
    used = {rows.benchmark for rows in read.grid}
    made: benchmarks.Repositories = {}
    for spec in read.resolved:
        for repo, rows in (benchmarks.made_up(spec) if spec.name in used else {}).items():
            for name, splits in rows.items():
                made.setdefault(repo, {}).setdefault(name, {}).update(splits)
    commits = {
        repo: add_repository(home, "dataset", repo, partial(write_dataset, rows=rows)) for repo, rows in made.items()
    }
    wanted = [repo for repo, (kind, _) in repositories(needed(read)).items() if kind == "dataset"]
    lacking = [repo for repo in wanted if repo not in commits]
    if lacking:
        raise BadInput(
            f"config.benchmarks: nothing makes up rows in the form of {', '.join(lacking)}; name a local copy in the config, or see "
            "rehearsal/benchmarks.py."
        )
    return commits, [f"data set {repo}: made-up rows" for repo in commits]


def _tasks(read: Resolved, home: Path) -> tuple[dict[str, str], list[str]]:
    names = tasks_of(read)
    if not names:
        return {}, []
    from grunflow.rehearsal.tasks import add_tasks

    return {}, [f"tasks of lm-eval ({', '.join(names)}): made-up questions of {', '.join(add_tasks(home, names))}"]
