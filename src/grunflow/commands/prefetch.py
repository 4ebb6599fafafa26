"""grunflow prefetch: bring what a study reads from the hub into the cache, for compute nodes without internet."""

import argparse
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from grunflow.errors import BadInput

# Weights in other formats lie beside those that are loaded, as large again.
LEFT_OUT = ["original/*", "*.pth", "*.bin", "*.gguf", "*.msgpack", "*.h5"]
# Key of the models sheet's architecture -> what architectures call it in a model's config.json.
SHAPE = {
    "hidden_size": ("hidden_size", "n_embd", "d_model"),
    "layers": ("num_hidden_layers", "n_layer", "n_layers", "num_layers"),
    "heads": ("num_attention_heads", "n_head", "n_heads", "num_heads", "attention_heads"),
    "kv_heads": ("num_key_value_heads",),
    "intermediate_size": ("intermediate_size", "n_inner", "ffn_dim"),
    "vocabulary": ("vocab_size",),
    "tied": ("tie_word_embeddings",),
}


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
    from grunflow.config.architectures import FILE, check_architecture
    from grunflow.config.pins import read_pins, repositories, write_pins
    from grunflow.config.reading import read_study
    from grunflow.config.typed import read_yaml

    study = read_study(read_yaml(str(arguments.configfile), "--configfile"))
    if arguments.pin and not study.revisions:
        raise BadInput(
            f"{arguments.configfile}: revisions: got null, expected a file to write the commits to; name one."
        )
    used = {row.model for row in study.grid}
    commits: dict[str, str] = {}
    folders: dict[str, Path] = {}
    wanted = repositories(needed(study))
    refusals: list[str] = []
    for repo, (kind, revision) in wanted.items():
        with noted(refusals):
            if kind == "model":  # before its weights are brought
                check_architecture(f"model {repo}", fetched(repo, kind, revision, FILE)[1])
            commits[repo], folders[repo] = fetched(repo, kind, revision)
            print(f"{kind} {repo}@{commits[repo]}", flush=True)
    for name in sorted(used):
        model = study.models[name]
        if model.repo in folders:
            with noted(refusals):
                check_shape(f"{study.models_sheet}: {name}", model.architecture.model_dump(), folders[model.repo])
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


def needed(study: Any) -> dict[str, Any]:
    """What the grid uses of the models sheet and of the benchmarks."""
    from grunflow.config.runs import parts

    models = {rows.model: study.models[rows.model].model_dump() for rows in study.grid}
    return {"models": models, "benchmarks": [part.spec.model_dump() for part in parts(study)]}


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
        raise BadInput(f"{kind} {repo}{f'@{revision}' if revision else ''}: {hub_reason(error)}") from error
    return folder.name, folder


def check_shape(where: str, sheet: dict[str, Any], folder: Path) -> None:
    """Compare what the sheet states of a model's shape with its config.json."""
    config = json.loads((folder / "config.json").read_text())
    config |= config.get("text_config") or {}
    for key, theirs in SHAPE.items():
        stated, found = sheet.get(key), next((config[name] for name in theirs if name in config), None)
        if None not in (stated, found) and stated != found:
            raise BadInput(f"{where}.architecture.{key}: got {stated}, expected {found} as {folder}/config.json says.")
