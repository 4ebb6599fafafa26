"""A study whose jobs are all done, by manifests written by hand: what is asked of those alone needs no job to run."""

import json
from pathlib import Path
from typing import Any

from grunflow.changes import Past
from grunflow.config.digest import module_digests
from grunflow.config.job import Job
from grunflow.manifest import identity


def finish(jobs: list[Job]) -> None:
    """Write every job's manifest, below the working directory."""
    made: dict[str, dict[str, Any]] = {}
    past = Past(jobs)
    for job in jobs:
        made[job.folder] = {
            "spec": job.spec.model_dump(mode="json"), "code": job.code, "modules": module_digests(job.spec, job.methods),
            "inputs": {name: {f: identity(made[f]) for f in folders} for name, folders in job.inputs.items()},
            "files": {}, "outputs": {}, "measured": {"seconds": 2.0}, "command": [], "origin": past.origin(job),
        }  # fmt: skip
        Path(job.folder).mkdir(parents=True)
        write(job, **made[job.folder])
        if job.spec.copied:
            job.copy.write_text("")


def manifest_of(job: Job) -> Path:
    return Path(job.folder) / "manifest.json"


def write(job: Job, **keys: Any) -> None:
    """The job's manifest, with these keys in place of what it held."""
    path = manifest_of(job)
    known = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps({**known, **keys}, sort_keys=True))
