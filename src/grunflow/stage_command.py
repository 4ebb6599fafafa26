"""One stage as a command: its arguments, whether code and spec fit, the process or processes that run it."""

import argparse
import importlib
import json
import math
import shutil
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from grunflow import launch
from grunflow.config.specs import Stage
from grunflow.errors import BadInput


def add_arguments(sub: argparse.ArgumentParser, stage: type[Stage]) -> None:
    sub.add_argument("--spec", required=True, help="the stage's spec: JSON, or a file that holds it")
    sub.add_argument("--code", help="digest of the code expected to run; a mismatch ends with status 2")
    sub.add_argument(
        "--input",
        action="append",
        default=[],
        metavar="NAME=FOLDER",
        help="a finished folder of an earlier stage; may be repeated",
    )
    sub.add_argument(
        "--file",
        action="append",
        default=[],
        type=Path,
        help="a file that the spec names, data or a method of your own; its checksum goes into the manifest; may be repeated",
    )
    sub.add_argument("--out", required=True, type=Path, help="folder to write")
    sub.add_argument("--log", type=Path, help="write the log here; a terminal still shows a live bar")
    sub.add_argument("--batch-size", type=int, default=64, help="evaluation batch; changes no score")
    if stage.trains:
        sub.add_argument(
            "--checkpoint-seconds", type=float, default=600.0, metavar="S", help="write resume state this often (600)"
        )
        sub.add_argument("--processes", type=int, default=1, metavar="N", help="GPUs that share the job, by FSDP (1)")
    if stage.apart:
        sub.add_argument(
            "--carrier",
            type=Path,
            metavar="FOLDER",
            help="write what was trained here, not into --out: it can go first",
        )


def run(kind: type[Stage], arguments: argparse.Namespace) -> int:
    """Run the stage, or start the processes that do; the exit status."""
    from grunflow import submission
    from grunflow.config.digest import stage_digest
    from grunflow.config.typed import typed
    from grunflow.manifest import identities_of

    stage = arguments.command
    spec = typed(kind, _read_spec(arguments.spec), f"--spec of {stage}")
    digest = stage_digest(spec, methods_of(arguments.file))
    if arguments.code and arguments.code != digest:
        raise BadInput(
            f"{stage}: --code is {arguments.code} but the code here is {digest}: code changed since submission, or "
            "this environment holds another checkout. Run snakemake again."
        )
    submission.check(arguments.out, spec.model_dump(mode="json"), digest, arguments.file)
    inputs = _inputs_of(arguments)
    identity = {"stage": stage, "out": str(arguments.out), "spec": spec.model_dump(mode="json"), "code": digest,
                "inputs": identities_of(inputs)}  # fmt: skip
    processes = getattr(arguments, "processes", 1)
    launch.check(spec, processes)
    if processes > 1 and not launch.started_by_torchrun():
        return launch.launch(processes)
    _work(spec, identity, inputs, arguments, processes)
    return 0


def methods_of(files: list[Path]) -> list[Path]:
    """Files of the user's own methods among those that a command was given."""
    return [file for file in files if file.suffix == ".py"]


def _inputs_of(arguments: argparse.Namespace) -> dict[str, list[Path]]:
    inputs: dict[str, list[Path]] = {}
    for item in arguments.input:
        name, separator, folder = item.partition("=")
        if not separator:
            raise BadInput(f"--input: got {item!r}, expected NAME=FOLDER.")
        inputs.setdefault(name, []).append(Path(folder))
    return inputs


def _work(
    spec: Stage, identity: dict[str, Any], inputs: dict[str, list[Path]], arguments: argparse.Namespace, processes: int
) -> None:
    """Run the stage in this process; of several only the first writes."""
    from grunflow.config.digest import module_digests
    from grunflow.job import RunningJob, running
    from grunflow.manifest import output_folder, scratch_folder
    from grunflow.work import Work

    lead = launch.is_lead()
    job = RunningJob(identity, getattr(arguments, "checkpoint_seconds", math.inf), lead)
    if launch.started_by_torchrun():
        launch.join(processes)
    folder_at = partial(
        output_folder,
        spec=identity["spec"],
        code=identity["code"],
        inputs=identity["inputs"],
        files=arguments.file,
        modules=module_digests(spec, methods_of(arguments.file)),
    )
    apart = getattr(arguments, "carrier", None) if lead else None
    with ExitStack() as folders:
        # The carrier's folder is finished last, so that the job is measured without its checksums, as where it stays.
        carrier = folders.enter_context(folder_at(apart))[0] if apart else None
        out, measured = folders.enter_context(folder_at(arguments.out) if lead else scratch_folder())
        folders.enter_context(running(job))
        if spec.long:
            job.beat("starting", 0, 1, 0)
        module = importlib.import_module(f"grunflow.stages.{spec.name}")
        measured |= module.run(spec, Work(inputs, out, arguments.batch_size, tuple(arguments.file))) or {}
        measured |= job.measures()
        if processes > 1:
            measured["processes"] = processes
        if carrier:
            from grunflow.carriers.stack import FOLDER

            shutil.move(out / FOLDER, carrier / FOLDER)
    job.end()
    if launch.started_by_torchrun():
        launch.leave()


def _read_spec(text: str) -> dict:
    if not text.lstrip().startswith("{"):
        try:
            text = Path(text).read_text()
        except OSError as error:
            raise BadInput(
                f"--spec: cannot read {text!r}: {error.strerror}. Give JSON or a file that holds it."
            ) from None
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise BadInput(f"--spec: not JSON: {error}.") from None
