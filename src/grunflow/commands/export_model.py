"""grunflow export-model: a run's model as a folder that others load without grunflow."""

import argparse
import json
from pathlib import Path

from grunflow.errors import BadInput


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", type=Path, help="a run's folder below runs/")
    parser.add_argument("--to", type=Path, required=True, metavar="DIR", help="new folder to write")
    parser.add_argument(
        "--base", metavar="REPO|DIR",
        help="what adapters and edits are said to belong on (the hub's model or, as seen from DIR, the folder that the run started from)",
    )  # fmt: skip
    parser.add_argument(
        "--push", metavar="REPO", help="put the folder on the hub too, as this repository (private if new)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> None:
    from transformers.utils import logging

    from grunflow.exporting.writing import export
    from grunflow.loaded import of_folder

    logging.set_verbosity_error()
    asked = of_folder(arguments.run)
    if arguments.push:
        refuse_push(asked, arguments.to, arguments.base)
    written = export(asked, arguments.to, arguments.base)
    files = sorted(path.relative_to(arguments.to).as_posix() for path in arguments.to.rglob("*") if path.is_file())
    found = {"folder": str(arguments.to), "kind": written.kind.title, "base": written.base and written.base.name,
             "files": files, "pushed": push(arguments.to, arguments.push) if arguments.push else None}  # fmt: skip
    print(json.dumps(found, indent=1) if arguments.json else readable(found))


def refuse_push(asked, to: Path, given: str | None) -> None:
    """What lies on a folder of this machine is nothing to others: refused before anything is written."""
    from grunflow.exporting.base import base_of
    from grunflow.exporting.kinds import KINDS, WEIGHTS, kind_of
    from grunflow.manifest import read_manifest

    base = base_of(asked, read_manifest(asked.folder)["commits"], to, given)
    if base is not None and base.local and kind_of(asked) is not KINDS[WEIGHTS]:
        raise BadInput(
            f"--push: {asked.folder} belongs on {base.name}, a folder here; export and push that one first, then name its repository "
            "by --base."
        )


def push(folder: Path, repo: str) -> str:
    """Address of the commit.

    Raises:
        BadInput: the hub refuses it.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, OfflineModeIsEnabled

    from grunflow.hub import hub_reason

    try:
        api = HfApi()
        api.create_repo(repo, private=True, exist_ok=True)
        return str(api.upload_folder(repo_id=repo, folder_path=folder, commit_message="Model exported by grunflow"))
    except (HfHubHTTPError, HFValidationError, OfflineModeIsEnabled, OSError) as error:
        raise BadInput(f"--push {repo}: {hub_reason(error)} The folder {folder} is written.") from error


def readable(found: dict) -> str:
    lines = [f"{found['folder']}: {found['kind']}", *(f"  {name}" for name in found["files"])]
    lines += [f"on {found['base']}"] if found["base"] else []
    return "\n".join(lines + ([f"pushed: {found['pushed']}"] if found["pushed"] else []))
