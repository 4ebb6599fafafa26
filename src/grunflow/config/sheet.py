"""What rows of the models sheet must satisfy: where models and their parameters are, how they are trained, whether shapes fit."""

import re
from collections.abc import Iterator
from pathlib import Path

from grunflow.benchmarks.base import BASE, TARGET, Benchmark, declared
from grunflow.config.architectures import check_architecture, check_parameter, check_shape, parameters_of
from grunflow.config.methods import named_parameters
from grunflow.config.models import Model, Published
from grunflow.config.parts import Training
from grunflow.config.starts import check_starts, files_of, is_scratch, published
from grunflow.config.study import Resolved
from grunflow.data.prompts import CHAT
from grunflow.errors import BadInput, shown

# What a hub takes for a repository's name; anything else can only be a folder.
REPOSITORY = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*)?")


def check_models(study: Resolved) -> None:
    """Every model of the grid is loaded or trained from scratch, and its training is whole; heads of all fit their shapes."""
    for row in study.models.values():
        check_heads(row, f"{study.models_sheet}: {row.name}")
    for name, benchmark in dict.fromkeys((rows.model, rows.benchmark) for rows in study.grid):
        model, place = study.model(name), f"{study.models_sheet}: {name}"
        told = declared(study.benchmark(benchmark))
        if model.repo is not None and model.base is not None:
            raise BadInput(f"{place}: give `base` (training from scratch) or `repo` (a model to load), one of the two.")
        split = told.split or benchmark
        if told.start != BASE:
            check_starts(model, split, len({item.target_seed for item in study.seeds}), place)
        elif model.repo is None and model.base is None:
            raise BadInput(
                f"{place}: benchmark {benchmark!r} starts from the base; give `base` (its training) or `repo`."
            )
        for where, finished in places(model, told, split):
            check_place(model, finished, f"{place}{where}")
        if is_scratch(model) and BASE not in told.training:
            raise BadInput(
                f"config.grid: model {name!r} is trained from scratch, for which benchmark {benchmark!r} has no texts."
            )
        if is_scratch(model):
            check_chat(study, place)
        for role in ("base", "target", "retain"):
            if isinstance(training := getattr(model, role), Training):
                check_training(training, f"{place}.{role}")


def places(model: Model, benchmark: Benchmark, split: str) -> Iterator[tuple[str, Published]]:
    """Key below the row -> where a model lies that the study loads."""
    if model.repo is not None:
        yield "", Published(repo=model.repo, revision=model.revision)
    for role in benchmark.references:
        finished = published(model, role, split)
        if finished:
            yield f".{role}" if role == TARGET else f".{role}.{split}", finished


def check_place(model: Model, place: Published, where: str) -> None:
    """A place that can only be a folder is one (or is still to be filled), and a folder holds a model of the row's architecture and
    shape.

    Raises:
        BadInput: it does not.
    """
    if Path(place.repo).is_dir():
        check_architecture(f"{where}.repo", Path(place.repo))
        # What limits of blocks and ranks go by; the rest of the shape is compared by prefetch.
        check_shape(where, model.architecture.model_dump(include={"layers", "hidden_size"}), Path(place.repo))
    elif not (model.sources or REPOSITORY.fullmatch(place.repo)):
        raise BadInput(
            f"{where}.repo: got {shown(place.repo)}, which is no folder here and no repository's name; correct it."
        )


def check_heads(model: Model, where: str) -> None:
    """A hub's model may have heads of another width; of one from scratch positions rotate pairs of a head's dimensions."""
    shape = model.architecture
    if shape.heads % (shape.kv_heads or shape.heads):
        raise BadInput(
            f"{where}.architecture.kv_heads: got {shape.kv_heads}, expected a divisor of heads, {shape.heads}."
        )
    if is_scratch(model) and shape.hidden_size % (2 * shape.heads):
        raise BadInput(
            f"{where}.architecture.heads: got {shape.heads}, expected a number whose double divides hidden_size, "
            f"{shape.hidden_size}."
        )


def check_chat(study: Resolved, place: str) -> None:
    """The tokenizer of a model from scratch has no chat template."""
    for key in study.conventions.chats:
        raise BadInput(
            f"config.conventions.{key}: got {CHAT!r}, which {place} has none of: it is trained from scratch."
        )


def check_parameters(study: Resolved) -> None:
    """A named parameter is one of the blocks that it is asked of, as far as files here tell; prefetch asks the hub's models."""
    for where, name, parameter, blocks in named_parameters(study):
        model = study.model(name)
        lies = Path(files_of(model) or "") if not is_scratch(model) else None
        if lies is None or lies.is_dir():
            check_parameter(where, parameter, blocks, parameters_of(lies, model.architecture.layers))


def check_training(training: Training, where: str) -> None:
    """Relations between keys that a single key's range cannot say."""
    if (training.steps is None) == (training.epochs is None):
        raise BadInput(f"{where}: give exactly one of steps and epochs; got {training.steps} and {training.epochs}.")
    if training.accumulation and training.batch_size % training.accumulation:
        raise BadInput(
            f"{where}.accumulation: got {training.accumulation}, expected a divisor of batch_size "
            f"{training.batch_size}."
        )
