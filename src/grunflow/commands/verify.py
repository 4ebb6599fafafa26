"""grunflow verify: recheck the checksums of every manifest under a folder."""

import argparse
from pathlib import Path

from grunflow.errors import BadInput, CheckFailed


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path)


def run(arguments: argparse.Namespace) -> None:
    """Recompute every checksum under the folder.

    Raises:
        CheckFailed: names the first file that differs.
    """
    from grunflow.manifest import MANIFEST, checksums, read_manifest

    folder: Path = arguments.folder
    manifests = sorted(path for path in folder.rglob(MANIFEST) if ".draft-" not in path.as_posix())
    if not manifests:
        raise BadInput(f"{folder}: no {MANIFEST} below it; give a study's folder, like results/demo.")
    for path in manifests:
        expected, got = read_manifest(path.parent)["outputs"], checksums(path.parent)
        for name in expected:
            if got.get(name) != expected[name]:
                raise CheckFailed(
                    f"{path.parent / name}: checksum differs from its manifest; delete the folder and rerun."
                )
    print(f"{len(manifests)} folders verified")
