"""grunflow prefetch: bring what a study reads from the hub into the cache, for compute nodes without internet."""

import argparse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from grunflow.errors import BadInput

# Weights in other formats lie beside those that are loaded, as large again.
LEFT_OUT = ["original/*", "*.pth", "*.bin", "*.gguf", "*.msgpack", "*.h5"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--configfile", type=Path, required=True)
    parser.add_argument(
        "--pin", action="store_true", help="write the resolved commits into the config's `revisions` file"
    )


def run(arguments: argparse.Namespace) -> None:
    """Download every model and data set of the study at its revision; check the sheet's shapes against the models'.

    Raises:
        BadInput: --pin without the key `revisions`; or, all in one line, what the hub refuses and shapes that differ.
    """
    from grunflow.config.architectures import check_shape
    from grunflow.config.pins import read_pins, repositories, write_pins
    from grunflow.config.reading import read_study
    from grunflow.config.typed import read_yaml

    study = read_study(read_yaml(str(arguments.configfile), "--configfile"))
    if arguments.pin and not study.revisions:
        raise BadInput(
            f"{arguments.configfile}: revisions: got null, expected a file to write the commits to; name one."
        )
    refusals: list[str] = []
    fill_folders(study, {row.model for row in study.grid}, refusals)
    commits, folders = brought(study, repositories(needed(study)), refusals)
    for model in loaded_models(study):
        if model.repo in folders:
            with noted(refusals):
                place = f"{study.models_sheet}: {model.name}"
                check_shape(place, model.architecture.model_dump(), folders[model.repo], model.repo)
    tasks = tasks_of(study)
    if tasks:
        from grunflow.evaluation.tasks import prefetch_tasks

        with noted(refusals):
            prefetch_tasks(tasks)
            print(f"questions of lm-eval's {', '.join(tasks)}")
    if refusals:
        pinned = "; nothing was pinned" if arguments.pin else ""
        raise BadInput(f"{len(refusals)} of what the study needs could not be had{pinned}: {' '.join(refusals)}")
    if arguments.pin and study.revisions:
        write_pins(Path(study.revisions), {**read_pins(study.revisions), **commits})
        print(f"{len(commits)} commits in {study.revisions}")


def fill_folders(study: Any, used: set[str], refusals: list[str]) -> None:
    """Bring the models of the grid that lie in local folders and say where from."""
    from grunflow.config.architectures import check_shape

    for name in sorted(used):
        model = study.models[name]
        if model.sources:
            from grunflow.models.brought import bring

            with noted(refusals):
                folder = Path(model.repo)
                print(f"model {folder} from {bring(model.sources, folder, LEFT_OUT)}", flush=True)
                check_shape(f"{study.models_sheet}: {name}", model.architecture.model_dump(), folder)


def brought(study: Any, wanted: Mapping[str, Any], refusals: list[str]) -> tuple[dict[str, str], dict[str, Path]]:
    """Commit and folder of each repository that could be had; why others could not goes into `refusals`. A config is small: weights
    are brought where no model is refused."""
    from grunflow.config.architectures import FILE, check_architecture

    commits: dict[str, str] = {}
    folders: dict[str, Path] = {}
    configs: dict[str, Path] = {}
    for repo, (kind, revision) in wanted.items():
        if kind == "model":
            with noted(refusals):
                folder = fetched(repo, kind, revision, FILE)[1]
                check_architecture(f"model {repo}", folder)
                configs[repo] = folder
    with noted(refusals):
        check_parameters(study, configs)
    whole = not refusals
    for repo, (kind, revision) in wanted.items():
        if whole or kind != "model":
            with noted(refusals):
                commits[repo], folders[repo] = fetched(repo, kind, revision)
                if kind == "model":
                    check_whole(f"model {repo}", folders[repo])
                print(f"{kind} {repo}@{commits[repo]}", flush=True)
    return commits, folders


def check_whole(where: str, folder: Path) -> None:
    """Refuse a model without weights or tokenizer: every job that loads it would fail."""
    from grunflow.hub import TOKENIZER, WEIGHTS, lacking_reason, lacks

    for names in (WEIGHTS, (*TOKENIZER, "vocab.json")):
        if lacks(folder, None, names):
            raise BadInput(f"{where}: {lacking_reason(names)}")


@contextmanager
def noted(refusals: list[str]) -> Iterator[None]:
    """Go on after a refusal: who asks for access to one repository wants to know of the others."""
    try:
        yield
    except BadInput as error:
        refusals.append(str(error))
    except OSError as error:  # of lm-eval, which asks the hub itself
        from grunflow.hub import hub_reason

        refusals.append(hub_reason(error))


def check_parameters(study: Any, configs: Mapping[str, Path]) -> None:
    """Parameters that a carrier names are those of the model: built without weights, for its files may call them otherwise.
    configs: repository -> folder with its config; a model may also lie in a local folder.

    Raises:
        BadInput: one that a block has not.
    """
    from grunflow.config.architectures import check_parameter
    from grunflow.config.methods import named_parameters
    from grunflow.config.starts import files_of

    for where, name, parameter, numbers in named_parameters(study):
        repo = files_of(study.models[name])
        if repo is not None and (repo in configs or Path(repo).is_dir()):  # else the hub refused it
            from grunflow.models.loading import block_parameters

            check_parameter(where, parameter, numbers, block_parameters(configs.get(repo, Path(repo))))


def needed(study: Any) -> dict[str, Any]:
    """What the study's jobs load of models, and read of benchmarks."""
    from grunflow.config.runs import parts

    models = [model.model_dump() for model in loaded_models(study) if not study.models[model.name].sources]
    return {"models": models, "benchmarks": [part.spec.model_dump() for part in parts(study)]}


def loaded_models(study: Any) -> list[Any]:
    """Each model that a job loads from elsewhere than a folder of the study, once, as its spec names it; of a model from scratch its
    training."""
    from grunflow.config.jobs import all_jobs

    found = [getattr(job.spec, "model", None) for job in all_jobs(study) if "start" not in job.inputs]
    return list({(model.name, model.repo): model for model in found if model}.values())


def tasks_of(study: Any) -> list[str]:
    """Tasks of lm-eval that the grid's benchmarks ask: sets without a file."""
    from grunflow.config.runs import parts

    return [item.name for part in parts(study) for item in part.benchmark.sets if not item.file]


def fetched(repo: str, kind: str, revision: str | None, only: str | None = None) -> tuple[str, Path]:
    """(commit, folder in the cache) of a repository, or of the one file of it."""
    from huggingface_hub import snapshot_download

    from grunflow.hub import hub_reason

    try:
        folder = Path(
            snapshot_download(repo, repo_type=kind, revision=revision, allow_patterns=only, ignore_patterns=LEFT_OUT)
        )
    except (OSError, ValueError, RuntimeError) as error:
        reason = hub_reason(error, model=kind == "model")
        raise BadInput(f"{kind} {repo}{f'@{revision}' if revision else ''}: {reason}") from error
    return folder.name, folder
