"""grunflow verify: recheck every checksum under a folder, and that each result was made from the inputs that lie there."""

import argparse
import os
import shutil
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from grunflow.errors import BadInput, CheckFailed
from grunflow.manifest import (
    MANIFEST,
    NOT_OURS,
    checksums,
    digest_of,
    finished_folders,
    identity,
    read_manifest,
    sha256,
)
from grunflow.partial import FOLDER as PARTIAL


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--rebuild",
        action="store_true",
        help="delete the folders that are not as their manifests say, also in the cache; snakemake then makes them again",
    )
    parser.add_argument("--configfile", type=Path, help="the study's config (config/<name of the folder>.yaml)")


def run(arguments: argparse.Namespace) -> None:
    """Check files, manifests and the chain from each result to what it was made from, through links.

    Raises:
        CheckFailed: names each file that differs.
    """
    folders = list(finished_folders(arguments.folder, PARTIAL))
    if not folders:
        raise BadInput(f"{arguments.folder}: no {MANIFEST} below it; give a study's folder, like results/demo.")
    damaged = {folder: found for folder in folders if (found := list(_damage(folder)))}
    damaged |= {
        folder: [f"{folder}: holds files, and no {MANIFEST}"] for folder in _unsigned(arguments.folder, folders)
    }
    sound = {folder: read_manifest(folder) for folder in folders if folder not in damaged}
    identities = cache(_identity)  # many results are made from one
    stale = {
        folder: found for folder, manifest in sound.items() if (found := list(_breaks(folder, manifest, identities)))
    }
    copies = list(_strayed(arguments.folder, sound))
    if arguments.rebuild:
        for folder in (*damaged, *stale):
            _delete(folder)
        for path, _ in copies:
            path.unlink(missing_ok=True)
    problems = [text for texts in (*damaged.values(), *stale.values()) for text in texts]
    problems += [text for _, text in copies] + list(_lost(sound))
    problems += _outdated(arguments.folder, arguments.configfile)
    if problems:
        goals = " ".join(str(goal) for goal in [*map(_goal, (*damaged, *stale)), *(path for path, _ in copies)])
        done = f"deleted; make it again: the snakemake call of the study, and at its end: -- {goals}"
        raise CheckFailed(
            f"{'; '.join(problems)}; {done if arguments.rebuild else '--rebuild deletes what is damaged'}"
        )
    files = sum(len(manifest["outputs"]) for manifest in sound.values())
    gone = sum(not place.is_dir() for place in _discarded(sound))
    told = f"; {gone} inputs are gone, as the study's `keep` says" if gone else ""
    print(f"{len(folders)} folders verified, {files} files{told}")


def _damage(folder: Path) -> Iterator[str]:
    """What differs from the folder's own manifest."""
    try:
        manifest = read_manifest(folder)
    except BadInput as error:
        yield str(error)
        return
    if manifest.pop("checksum", None) != digest_of(manifest):
        yield f"{folder / MANIFEST}: differs from its own checksum"
        return
    got = checksums(folder)
    for name, expected in manifest["outputs"].items():
        if got.get(name) != expected:
            state = "checksum differs from its manifest" if name in got else "missing"
            yield f"{folder / name}: {state}"
    # Two workflows that stored one job at once: Snakemake moved the second's folder into the entry that the first had made.
    twice = f"{(folder / MANIFEST).resolve().parent.name}/"
    yield from (
        f"{folder / name}: is no output of the stage that wrote the folder"
        for name in got
        if name not in manifest["outputs"] and not name.startswith(twice)
    )


def _unsigned(study: Path, finished: list[Path]) -> Iterator[Path]:
    """Folders below the study's that hold files and belong to no manifest; logs, drafts and what is partial aside."""
    known = set(finished)
    for place, below, files in os.walk(study, followlinks=True):
        folder = Path(place)
        if folder in known:
            below.clear()
            continue
        below[:] = sorted(
            name for name in below if ".draft-" not in name and (folder != study or name not in ("logs", PARTIAL))
        )
        if folder != study and set(files) - NOT_OURS:
            below.clear()
            yield folder


def _lost(sound: dict[Path, dict[str, Any]]) -> Iterator[str]:
    """Inputs that are gone; a carrier that its study does not keep may be."""
    discarded = _discarded(sound)
    found = {place: folder for folder, manifest in sound.items() for place in _inputs(folder, manifest)}
    yield from (
        f"{place}: is gone, and {folder} was made from it"
        for place, folder in found.items()
        if not place.is_dir() and place not in discarded
    )


def _discarded(sound: dict[Path, dict[str, Any]]) -> set[Path]:
    """Where carriers lay until they were scored."""
    return {
        _place(folder, words[words.index("--carrier") + 1])
        for folder, manifest in sound.items()
        if "--carrier" in (words := manifest["command"])
    }


def _outdated(study: Path, configfile: Path | None) -> list[str]:
    """Results that the study's config no longer describes; without a config there is nothing to hold them against."""
    from grunflow.config.reading import read_study
    from grunflow.config.typed import read_yaml
    from grunflow.reruns import stale_lines

    config = configfile or Path("config") / f"{study.name}.yaml"
    if configfile is None and not config.is_file():
        return []
    read = read_study(read_yaml(str(config), "--configfile"))
    return stale_lines(read) if (Path("results") / read.study).resolve() == study.resolve() else []


def _inputs(folder: Path, manifest: dict[str, Any]) -> dict[Path, str]:
    """Where each input lies -> the identity it had."""
    return {_place(folder, name): known for recorded in manifest["inputs"].values() for name, known in recorded.items()}


def _identity(place: Path) -> str | None:
    """The identity of what lies there; None where it is damaged, which is reported at its own place."""
    try:
        return identity(read_manifest(place))
    except (BadInput, KeyError):
        return None


def _breaks(folder: Path, manifest: dict[str, Any], identities: Callable[[Path], str | None]) -> Iterator[str]:
    """Inputs that are no longer those that the folder was made from."""
    for place, known in _inputs(folder, manifest).items():
        if identities(place) not in (None, known):
            yield f"{folder / MANIFEST}: was made from another {place} than lies there"
    for name, checksum in manifest["files"].items():
        file = _place(folder, name)
        # Of a method of the user's own the spec holds what counts, and a comment changes nothing.
        if file.suffix != ".py" and file.is_file() and sha256(file) != checksum:
            yield f"{folder / MANIFEST}: was made from another {file} than lies there"


def _place(folder: Path, recorded: str) -> Path:
    """Where an input lies: manifests name it from the folder that snakemake ran in, some parent of `folder`."""
    for parent in folder.absolute().parents:
        if (parent / recorded).exists():
            return parent / recorded
    return Path(recorded)


def _strayed(study: Path, sound: dict[Path, dict[str, Any]]) -> Iterator[tuple[Path, str]]:
    """Copies at the study's root (report.html) that differ from the output of that name, or are gone."""
    from grunflow.config.stages import stages

    originals: dict[str, set[str]] = {}
    for manifest in sound.values():
        for name, checksum in manifest["outputs"].items():
            originals.setdefault(name, set()).add(checksum)
    for path in sorted(study.iterdir()):
        if path.is_file() and path.name in originals and sha256(path) not in originals[path.name]:
            yield path, f"{path}: differs from the output it is a copy of"
    for folder, manifest in sound.items():
        kind = stages().get(manifest["spec"].get("stage", ""))
        copy = folder.parent / kind.copied if kind and kind.copied else folder
        if not copy.exists():
            yield copy, f"{copy}: is gone, the copy of an output of {folder}"


def _goal(folder: Path) -> Path:
    """What to ask snakemake for: it remakes a missing folder only where it is asked for, or its own inputs changed."""
    from grunflow.changes import declares_files

    return folder / MANIFEST if folder.name in declares_files() else folder


def _delete(folder: Path) -> None:
    """The folder and, where it is made of links, the entry of the cache that they lead to."""
    entry = (folder / MANIFEST).resolve().parent
    if entry != folder.resolve() or folder.is_symlink():
        shutil.rmtree(entry, ignore_errors=True)
    if folder.is_symlink():
        folder.unlink()
    else:
        shutil.rmtree(folder)
