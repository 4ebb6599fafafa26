"""The model card of an exported run: everything in it is read from the run's manifest and from its study's results."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from grunflow import __version__
from grunflow.exporting.base import Base
from grunflow.exporting.kinds import Kind
from grunflow.exporting.prompt import form_in_words
from grunflow.loaded import Run

LIMITS = (
    "Unlearning makes what was to be forgotten unlikely when the model is asked as it was scored. That is no proof that nothing is left: "
    "training further, other prompts or a look inside may bring it back.",
    "What else the model does was measured on the sets named above alone.",
)


class Written(NamedTuple):
    """An exported run, and what its card tells. base: None of a model from scratch."""

    run: Run
    manifest: Mapping[str, Any]
    kind: Kind
    base: Base | None


def card(written: Written) -> str:
    from huggingface_hub import ModelCardData

    base = written.base
    data = ModelCardData(
        base_model=base.name if base and not base.local else None,
        library_name=written.kind.library,
        pipeline_tag="text-generation",
        tags=["unlearning", "grunflow"],
    )
    sections = {
        "Loading": written.kind.loading(base, written.run.spec.model.dtype),
        "Method": "\n".join(f"- {line}" for line in method(written.run, base)),
        "Data": "\n".join(f"- {line}" for line in data_lines(written)),
        "Scores": "\n".join(scores(written.run.folder)),
        "Limits": "\n".join(f"- {line}" for line in (*LIMITS, written.kind.limit)),
        "Where it comes from": "\n".join(f"- {line}" for line in origin(written.manifest)),
    }
    text = "".join(f"\n## {title}\n\n{body}\n" for title, body in sections.items())
    return f"---\n{data.to_yaml()}\n---\n\n# {written.run.folder.resolve().name}\n\n{first(written)}\n{text}"


def first(written: Written) -> str:
    spec = written.run.spec
    role = getattr(spec, "role", "")
    what = (
        f"the {role} model"
        if role
        else f"a run of {spec.objective.name} on {spec.carrier.name}, to forget {spec.split or 'a domain'}"
    )
    return f"{written.kind.title}: {what} of benchmark {spec.benchmark}, model {spec.model.name}. Written by grunflow {__version__}."


def method(run: Run, base: Base | None) -> Iterator[str]:
    """Objective, carrier and training with their keys."""
    spec = run.spec
    if base is not None:  # of a folder its name: where it lies is nobody's affair
        named = Path(base.name).name if base.local else base.name
        yield f"on: `{named}`" + (f" at {base.revision}" if base.revision else "")
    for name in ("objective", "carrier", "training", "engine"):
        if hasattr(spec, name):
            part = getattr(spec, name)
            keys = part if isinstance(part, str) else part.model_dump(mode="json", exclude_none=True, exclude={"file"})
            yield f"{name}: {keys if isinstance(keys, str) else ', '.join(f'{key} {json.dumps(value)}' for key, value in keys.items())}"
    yield f"prompt: {form_in_words(run.template)}, written by the tokenizer's `apply_chat_template`"


def data_lines(written: Written) -> Iterator[str]:
    spec, manifest = written.run.spec, written.manifest
    yield f"benchmark {spec.benchmark}" + (f", forget split {spec.split}" if spec.split else "")
    stream = getattr(spec, "stream", None)
    if stream is not None:
        yield f"trained on: {json.dumps(stream.model_dump(mode='json', exclude_none=True))}"
    for name, commit in manifest["commits"].items():
        yield f"{name} at {commit}"
    seeds = ", ".join(f"{name} {seed}" for name, seed in manifest["seeds"].items())
    yield f"seeds: {seeds}"


def scores(folder: Path) -> Iterator[str]:
    """The figures of the study's main table, of all seeds of the run's method."""
    from grunflow.reporting.finished import known

    found = known(folder)
    if found is None:
        yield "Not part of a study with finished tables: nothing was measured."
        return
    row = found.row
    many = len(row.runs) > 1
    yield (
        f"Of this method over its {len(row.runs)} seeds, of which this is one [95 % interval]. {row.note}"
        if many
        else f"[95 % interval] {row.note}"
    )
    yield from ("", "| figure | value |", "| --- | --- |")
    yield from (f"| {figure.title} | {figure.text} |" for figure in row.figures)


def origin(manifest: Mapping[str, Any]) -> Iterator[str]:
    made = manifest["provenance"]
    yield f"manifest checksum `{manifest['checksum']}`; what it follows from: `{manifest['origin']}`"
    yield f"code of the stage `{manifest['code']}`, commit `{made.get('git_commit')}`"
    yield ", ".join(f"{name} {version}" for name, version in made.get("versions", {}).items() if version)
