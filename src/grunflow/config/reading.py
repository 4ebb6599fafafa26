"""A config file's content -> a study whose files are read and whose every name and value was checked."""

import logging
from typing import Any

from grunflow.benchmarks.base import declared, keys_of
from grunflow.config import facts
from grunflow.config.absent import named
from grunflow.config.benchmarks import BenchmarkSpec
from grunflow.config.checks import check
from grunflow.config.conventions import PRESETS, Conventions
from grunflow.config.facts import BENCHMARK
from grunflow.config.files import check_files
from grunflow.config.further import check_further
from grunflow.config.idle import idle
from grunflow.config.local import with_shape
from grunflow.config.models import Model
from grunflow.config.pins import pinned, read_pins
from grunflow.config.study import External, Resolved, Study
from grunflow.config.typed import read_yaml, typed
from grunflow.errors import BadInput, shown

log = logging.getLogger(__name__)


def read_study(config: dict[str, Any]) -> Resolved:
    """Snakemake's config (or a parsed YAML file) -> a checked study.

    Raises:
        BadInput: an unknown key, name or value out of range; the message names the key.
    """
    study = typed(Study, config, "config")
    pins = read_pins(study.revisions)
    sheet = read_yaml(study.models_sheet, "config.models_sheet")
    models = {name: _model(name, row, pins, study.models_sheet) for name, row in sheet.items()}
    given = config.get("conventions") or {}
    conventions = typed(Conventions, PRESETS.get(given.get("preset", ""), {}) | given, "config.conventions")
    benchmarks = tuple(_benchmark(name, keys, pins) for name, keys in study.benchmarks.items())
    values = {name: getattr(study, name) for name in Study.model_fields}
    values["external"] = {name: External(**pinned(row.model_dump(), pins)) for name, row in study.external.items()}
    found = Resolved(**{**values, "conventions": conventions, "models": models, "resolved": benchmarks})
    check(found)
    check_further(found)
    check_files(found)
    found = found.model_copy(update={"absent": named(found)})
    few = () if found.rehearsal else idle(found)  # of a study's cells a rehearsal has few
    for text in (*few, *left_out(found)):
        log.warning("%s", text)
    return found


def left_out(study: Resolved) -> list[str]:
    """Sentences about what the data of the grid's benchmarks do not let us measure."""
    used = {rows.benchmark for rows in study.grid}
    return [
        f"config.benchmarks.{spec.name}: left out: {text}"
        for spec in study.resolved
        if spec.name in used
        for text in declared(spec).left_out
    ]


def _model(name: Any, row: Any, pins: dict[str, str], sheet: str) -> Model:
    if not isinstance(row, dict):
        raise BadInput(f"{sheet}: {name}: got {shown(row)}, expected a mapping of the model's keys.")
    return typed(Model, pinned({"name": name, **with_shape(row, f"{sheet}: {name}")}, pins), f"{sheet}: {name}")


def _benchmark(name: str, keys: dict[str, Any], pins: dict[str, str]) -> BenchmarkSpec:
    keys = dict(keys)
    kind = keys.pop("kind", name)
    try:
        keys_class = keys_of(kind)
    except BadInput as error:
        raise BadInput(f"config.benchmarks.{name}: {error}") from None
    if name != kind and name in facts.names(BENCHMARK):
        raise BadInput(
            f"config.benchmarks.{name}: got kind {kind!r} under the name of another kind, by which claims and published numbers "
            "would take it for that; give it another name."
        )
    # Keys that follow from a repository take its commit; one that the file does not name is filled in first.
    checked = typed(keys_class, keys, f"config.benchmarks.{name}").model_dump(mode="json")
    whole = keys_class.model_validate(pinned(checked, pins)).model_dump(mode="json")
    spec = typed(BenchmarkSpec, {"name": name, "kind": kind, "keys": whole}, f"config.benchmarks.{name}")
    declared(spec)
    return spec
