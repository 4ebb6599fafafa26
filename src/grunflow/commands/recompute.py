"""grunflow recompute: every table and verdict of a study once more, from the scores of single questions that lie beside them.

No model is loaded, and neither torch nor transformers is needed: a reviewer runs it on what `grunflow export` packed.
"""

import argparse
import contextlib
import importlib
import io
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from grunflow.errors import BadInput, CheckFailed


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, help="a study's folder: results/demo, or that of an unpacked export")


def run(arguments: argparse.Namespace) -> None:
    """Compare what is computed now with the files of tables/ and claims/, byte for byte.

    Raises:
        BadInput: the folder has no tables, or lacks scores.
        CheckFailed: names each file that differs.
    """
    from grunflow.config.shown_specs import Claims, Tables
    from grunflow.reporting.finished import METRICS

    folder: Path = arguments.folder
    tables = _spec(folder, Tables)
    metrics = [folder / benchmark.name / METRICS for benchmark in tables.benchmarks]
    for place in metrics:
        if not (place / "metrics.parquet").is_file():
            raise BadInput(f"{place}: holds no metrics.parquet; give a study's folder, or that of an unpacked export.")
    with tempfile.TemporaryDirectory() as draft:
        files = list(_again(folder, tables, {METRICS: metrics}, Path(draft)))
        if _place(folder, Claims).is_dir():
            files += _again(folder, _spec(folder, Claims), {tables.stage: [Path(draft) / tables.stage]}, Path(draft))
    other = [name for name, same in files if not same]
    if other:
        raise CheckFailed("\n".join(f"{name}: another file is computed from the scores" for name in other))
    print(
        f"{folder}: {len(files)} files of tables and verdicts computed from the scores of single questions, all the same bytes"
    )


def _place(folder: Path, kind: Any) -> Path:
    """Where the results of a stage of which a study has one lie."""
    return folder / kind.model_fields["stage"].default


def _spec(folder: Path, kind: Any) -> Any:
    from grunflow.manifest import MANIFEST, read_manifest

    place = _place(folder, kind)
    if not (place / MANIFEST).is_file():
        raise BadInput(f"{place}: no {MANIFEST} there; give a study's folder, like results/demo, with its tables.")
    return kind.model_validate(read_manifest(place)["spec"])


def _again(folder: Path, spec: Any, inputs: dict[str, list[Path]], draft: Path) -> Iterator[tuple[str, bool]]:
    """Name of each file that the stage makes, and whether the same lies in the study's folder."""
    from grunflow.work import Work

    out = draft / spec.stage
    out.mkdir()
    with contextlib.redirect_stdout(io.StringIO()):
        importlib.import_module(f"grunflow.stages.{spec.stage}").run(spec, Work(inputs, out))
    for path in sorted(out.iterdir()):
        known = folder / spec.stage / path.name
        yield str(known), known.is_file() and known.read_bytes() == path.read_bytes()
