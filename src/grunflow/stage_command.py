"""One stage as a command: whether code and spec fit, the process or processes that run it."""

import argparse
import importlib
import json
import math
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from grunflow import launch, stage_arguments
from grunflow.config.stage import Stage
from grunflow.errors import BadInput, CheckFailed

if TYPE_CHECKING:
    from grunflow.job import RunningJob

LARGEST_CHECKED = 2**28  # bytes of an input's file whose checksum a stage takes before it reads it: a second at most


def run(kind: type[Stage], arguments: argparse.Namespace) -> int:
    """Run the stage, or start the processes that do; the exit status."""
    from grunflow import failures, submission
    from grunflow.config.digest import stage_digest
    from grunflow.config.typed import typed
    from grunflow.job import RunningJob
    from grunflow.manifest import identities_of

    if getattr(arguments, "partial", False):
        from grunflow import partial

        partial.run(arguments.configfile, called)
        return 0
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
    job = RunningJob(identity, getattr(arguments, "checkpoint_seconds", math.inf), launch.is_lead())
    processes, nodes = getattr(arguments, "processes", 1), getattr(arguments, "nodes", 1)
    if not launch.started_by_another():
        failures.repeat(job.folder)
    try:
        launch.check(spec, processes, nodes)
        if processes > 1 and not launch.started_by_torchrun():
            return launch.launch(processes, nodes)
        if not (job.lead and job.put_back(arguments.out)):
            _work(spec, job, inputs, arguments, processes, nodes)
    except (BadInput, CheckFailed) as error:
        if isinstance(error, CheckFailed):
            error.args = (f"{error}{failures.advice(spec, arguments.out)}",)
        if job.lead:
            failures.note(job.folder, error)
        raise
    return 0


def called(kind: type[Stage], words: list[str]) -> int:
    """Run the stage by its command's arguments."""
    parser = argparse.ArgumentParser()
    stage_arguments.add_arguments(parser, kind)
    return run(kind, parser.parse_args(words, argparse.Namespace(command=kind.model_fields["stage"].default)))


def methods_of(files: list[Path]) -> list[Path]:
    """Files of the user's own methods among those that a command was given."""
    return [file for file in files if file.suffix == ".py"]


def _inputs_of(arguments: argparse.Namespace) -> dict[str, list[Path]]:
    inputs: dict[str, list[Path]] = {}
    for item in _lines(arguments.input):
        name, separator, folder = item.partition("=")
        if not separator:
            raise BadInput(f"--input: got {item!r}, expected NAME=FOLDER.")
        inputs.setdefault(name, []).append(Path(folder))
    return inputs


def _lines(items: list[str]) -> Iterator[str]:
    """The items, those that begin with @ replaced by the lines of the file that they name."""
    for item in items:
        try:
            yield from Path(item[1:]).read_text().splitlines() if item.startswith("@") else [item]
        except OSError as error:
            raise BadInput(f"--input: cannot read {item[1:]!r}: {error.strerror}; run snakemake again.") from None


def _work(
    spec: Stage,
    job: "RunningJob",
    inputs: dict[str, list[Path]],
    arguments: argparse.Namespace,
    processes: int,
    nodes: int,
) -> None:
    """Run the stage in this process; of several only the first writes."""
    from grunflow.config.digest import module_digests
    from grunflow.job import running
    from grunflow.manifest import output_folder, scratch_folder
    from grunflow.work import Work

    lead, identity = job.lead, job.identity
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
        _refuse_edited(spec, arguments.file, identity["code"])
        _refuse_damaged(inputs)
        work = Work(inputs, out, arguments.batch_size, tuple(arguments.file), getattr(arguments, "accumulation", 1))
        measured |= module.run(spec, work) or {}
        measured |= job.measures()
        if processes > 1:
            measured |= {"processes": processes} | ({"nodes": nodes} if nodes > 1 else {})
        if carrier:
            from grunflow.carriers.stack import FOLDER

            shutil.move(out / FOLDER, carrier / FOLDER)
    job.end(arguments.out)
    if launch.started_by_torchrun():
        launch.leave()


def _refuse_edited(spec: Stage, files: list[Path], digest: str) -> None:
    """Import all that the job's result depends on, then compare once more: what was edited between the first comparison and
    an import would run under the other's name. Later edits change nothing, for everything is in memory."""
    from grunflow.config.digest import modules_of, reread, stage_digest

    for name in modules_of(spec, methods_of(files)):
        if name.partition(".")[0] == "grunflow":  # a method of the user's own is read by its part's loader
            importlib.import_module(name)
    reread()
    if stage_digest(spec, methods_of(files)) != digest:
        raise BadInput(f"{spec.name}: code changed while the stage started. Run snakemake again.")


def _refuse_damaged(inputs: dict[str, list[Path]]) -> None:
    """Raises BadInput where a file that is to be read is not as its manifest says; the largest are left to `verify`."""
    from grunflow.manifest import read_manifest, sha256

    for folder in dict.fromkeys(folder for folders in inputs.values() for folder in folders):
        for name, checksum in read_manifest(folder)["outputs"].items():
            path = folder / name
            if not path.is_file() or (path.stat().st_size <= LARGEST_CHECKED and sha256(path) != checksum):
                raise BadInput(
                    f"input {path}: {'differs from' if path.is_file() else 'is missing, against'} its manifest; "
                    "grunflow verify STUDY --rebuild deletes what is damaged, then run snakemake again."
                )


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
