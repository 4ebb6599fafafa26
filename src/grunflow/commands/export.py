"""grunflow export: what a paper's supplement needs of a study, in one archive; equal content gives equal bytes.

A reviewer does not learn from it who made it: see blinding.py.
"""

import argparse
import gzip
import io
import logging
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from grunflow.blinding import blinded, names_user, user
from grunflow.errors import BadInput
from grunflow.manifest import MANIFEST, NOT_OURS, finished_folders
from grunflow.partial import FOLDER as PARTIAL

log = logging.getLogger(__name__)
LOCK = Path("envs/requirements.lock")
METHODS = (
    "objectives",
    "carriers",
    "conditions",
)  # keys of a study under which `file` names a method of the user's own
OLDEST = (1980, 1, 1, 0, 0, 0)  # the first date that a zip can hold


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, help="a study's folder, like results/demo")
    parser.add_argument("--out", type=Path, help="archive to write: .zip or .tar.gz (<folder>.zip)")
    parser.add_argument("--configfile", type=Path, help="the study's config (config/<name of the folder>.yaml)")


def run(arguments: argparse.Namespace) -> None:
    """Tables, figures, report, claims, the scores that they are computed from (grunflow recompute), every manifest, config with what it
    names (models sheet, claims, published numbers, methods of its own), and the lock file.

    Raises:
        BadInput: a part of these is missing, or the archive's kind is unknown.
    """
    out: Path = arguments.out or Path(f"{arguments.folder.resolve().name}.zip")
    write = next((write for ending, write in ARCHIVES.items() if out.name.endswith(ending)), None)
    if write is None:
        raise BadInput(f"--out: got {out.name!r}, expected a name that ends with {' or '.join(ARCHIVES)}.")
    files = {
        name: blinded(name, path.read_bytes())
        for name, path in parts_of(arguments.folder, arguments.configfile).items()
    }
    for name, content in files.items():
        if names_user(content):
            log.warning("%s holds the name %r: look whether it tells who you are", name, user())
    out.parent.mkdir(parents=True, exist_ok=True)
    write(out, files)
    print(f"{out}: {len(files)} files, {out.stat().st_size} bytes")


def parts_of(study: Path, configfile: Path | None) -> dict[str, Path]:
    """Name in the archive -> file; links are followed."""
    from grunflow.config.shown_specs import Shown
    from grunflow.config.stages import stages
    from grunflow.config.typed import read_yaml
    from grunflow.reporting.finished import METRICS

    finished = list(finished_folders(study, PARTIAL))
    if not finished:
        raise BadInput(f"{study}: no {MANIFEST} below it; give a study's folder, like results/demo.")
    config = configfile or Path("config") / f"{study.name}.yaml"
    content = read_yaml(str(config), "--configfile")
    if content.get("study") != study.name:
        raise BadInput(f"--configfile: {config} is of study {content.get('study')!r}, the folder of {study.name!r}.")
    refuse_stale(study, content)
    sheet = Path(content["models_sheet"])
    methods = {
        f"{table}/{name}.py": Path(keys["file"])
        for table in METHODS
        for name, keys in _table(content, table)
        if "file" in keys
    }
    for path in (sheet, LOCK, *methods.values()):
        if not path.is_file():
            raise BadInput(f"{path}: no such file; run grunflow export from the repository's root.")
    files = {f"config/{config.name}": config, f"config/{sheet.name}": sheet, str(LOCK): LOCK, **methods}
    files |= {str(path): path for path in named(content) if path.is_file() and not path.is_absolute()}
    # What people look at goes in whole, and what it is computed from; of every other folder its manifest.
    whole = {stage for stage, kind in stages().items() if issubclass(kind, Shown)}
    whole |= {f"{benchmark}/{METRICS}" for benchmark in content.get("benchmarks") or {}}
    for folder in finished:
        name = folder.relative_to(study)
        names = [path for path in folder.iterdir() if path.name not in NOT_OURS] if str(name) in whole else []
        files |= {str(Path(study.name, name, path.name)): path for path in [*names, folder / MANIFEST]}
    files |= {f"{study.name}/{path.name}": path for path in study.iterdir() if path.is_file()}
    return dict(sorted(files.items()))


def named(content: dict[str, Any]) -> Iterator[Path]:
    """Files of which tables and verdicts are made beside scores: claims, published numbers and logs."""
    logs = [item.get(key) for item in content.get("published_logs") or [] for key in ("log", "retain_log")]
    yield from (Path(path) for path in (content.get("claims"), *(content.get("published") or []), *logs) if path)


def refuse_stale(study: Path, content: dict[str, Any]) -> None:
    """Raises BadInput where the study's results are not those that its config describes."""
    from grunflow.config.reading import read_study
    from grunflow.reruns import stale_lines

    read = read_study(content)
    if (Path("results") / read.study).resolve() != study.resolve():
        raise BadInput(
            f"{study}: expected results/{read.study}; run grunflow export in the folder where snakemake ran."
        )
    lines = stale_lines(read)
    if lines:
        raise BadInput(f"{lines[0]}{f', and {len(lines) - 1} more' if len(lines) > 1 else ''}; run snakemake first.")


def _table(content: dict[str, Any], table: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, keys in (content.get(table) or {}).items():
        yield name, keys or {}


def write_zip(out: Path, files: dict[str, bytes]) -> None:
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, OLDEST)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED)


def write_tar(out: Path, files: dict[str, bytes]) -> None:
    with (
        out.open("wb") as raw,
        gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w") as archive,
    ):
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))


ARCHIVES = {".zip": write_zip, ".tar.gz": write_tar}
