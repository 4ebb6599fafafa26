"""What the main process of Snakemake submits, written down when it starts: a job that begins hours later, perhaps on another
machine, reads config, code and data anew, and must find what it was submitted with.

A file holds a line per job: folder -> digests of its spec, its code and its data. The main process names it in its
environment, which local jobs, and sbatch, pass on; a stage compares its own line, so that an edit which concerns other jobs
disturbs nobody.
"""

import json
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from grunflow.config.job import Job
from grunflow.errors import BadInput
from grunflow.job import write_atomically
from grunflow.manifest import digest_of, sha256

VARIABLE = "GRUNFLOW_SUBMITTED"
PLACE = Path(".grunflow")
DAYS = 60  # after which a submission's file goes: no job waits that long


def submit(jobs: Iterable[Job]) -> None:
    """Write the file, and name it in this process's environment."""
    PLACE.mkdir(exist_ok=True)
    for old in PLACE.glob("submitted-*.json"):
        if time.time() - old.stat().st_mtime > DAYS * 86400:
            old.unlink(missing_ok=True)
    known: dict[str, str | None] = {}
    lines = {}
    for job in jobs:
        for file in job.files:
            if file not in known:
                known[file] = _checksum(Path(file))
        data = {file: known[file] for file in job.files}
        lines[job.folder] = _line(job.spec.model_dump(mode="json"), job.code, data)
    path = (PLACE / f"submitted-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.json").absolute()
    write_atomically(path, json.dumps(lines, indent=0, sort_keys=True))
    os.environ[VARIABLE] = str(path)


def call() -> str:
    """What names this call of Snakemake; "" of a stage that was started by hand."""
    return os.environ.get(VARIABLE, "")


def check(out: Path, spec: dict[str, Any], code: str, files: Iterable[Path]) -> None:
    """Refuse a job that is no longer the one that was submitted.

    Raises:
        BadInput: what changed since.
    """
    if not call():
        return
    try:
        submitted = json.loads(Path(call()).read_text()).get(str(out))
    except (OSError, ValueError) as error:
        raise BadInput(
            f"{call()}: cannot be read ({error}), and so nobody knows what was submitted; run snakemake again."
        ) from None
    if submitted is None:
        return  # not a job of that study: started by hand within its environment
    now = _line(spec, code, {str(file): _checksum(file) for file in files if file.suffix != ".py"})
    changed = [key for key in submitted if submitted[key] != now[key]]
    if changed:
        raise BadInput(
            f"{out}: {' and '.join(changed)} changed since the job was submitted; nothing was trained. Run snakemake again."
        )


def _line(spec: dict[str, Any], code: str, data: dict[str, str | None]) -> dict[str, str]:
    return {"config": digest_of(spec)[:16], "code": code, "data": digest_of(data)[:16]}


def _checksum(file: Path) -> str | None:
    return sha256(file) if file.is_file() else None
