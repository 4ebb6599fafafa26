"""grunflow accept: say that an edit of the code changes no result; nothing runs again for it.

Only changes of code are accepted. What another spec, other data or other inputs would have made, and what is missing, runs as
before: `snakemake --touch` would hide it.
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from grunflow.config.job import Job


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--configfile", type=Path, required=True, help="the study's config, as given to snakemake")
    parser.add_argument("--dry-run", action="store_true", help="only say which results would be accepted")


def run(arguments: argparse.Namespace) -> None:
    from grunflow.config.jobs import all_jobs
    from grunflow.config.reading import read_study
    from grunflow.config.typed import read_yaml

    jobs = all_jobs(read_study(read_yaml(str(arguments.configfile), "--configfile")))
    accepted, left = accept(jobs, write=not arguments.dry_run)
    for folder in accepted:
        print(f"accepted {folder}")
    print(f"{len(accepted)} results accepted" + (f", {len(left)} changed otherwise: grunflow why" if left else ""))


def accept(jobs: "list[Job]", write: bool = True) -> tuple[list[str], list[str]]:
    """Folders whose code alone changed, which then say the code that lies here; and those that are stale for other reasons."""
    from grunflow.changes import CODE, Past

    past = Past(jobs)
    kinds = {job.folder: {kind for kind, _ in past.changes(job)} for job in jobs}
    accepted = [job.folder for job in jobs if kinds[job.folder] == {CODE}]
    for job in jobs if write and accepted else ():
        if job.folder in past.made and kinds[job.folder] <= {CODE}:
            _rewrite(job, past)
    return accepted, [folder for folder, found in kinds.items() if found - {CODE}]


def _rewrite(job: "Job", past: Any) -> None:
    """The manifest with the code that lies here, and with what its inputs' manifests say now. Its time stays: Snakemake compares
    it. A link into a shared cache is replaced, never followed."""
    import json
    import os

    from grunflow.config.digest import module_digests
    from grunflow.job import write_atomically
    from grunflow.manifest import MANIFEST, digest_of, identity, origin

    old = past.made[job.folder]
    made = {key: value for key, value in old.items() if key != "checksum"}
    made |= {"code": job.code, "modules": module_digests(job.spec, job.methods)}
    makers, before = past.links.makers, past.identity
    made["inputs"] = {
        name: {
            place: identity(past.made[place]) if place in past.made and known == before(place) else known
            for place, known in folders.items()
        }
        for name, folders in old["inputs"].items()
    }
    known = {place: past.made.get(makers[place].folder) for places in job.inputs.values() for place in places}
    if all(known.values()):
        origins = {name: {place: known[place]["origin"] for place in places} for name, places in job.inputs.items()}
        made["origin"] = origin(made["spec"], made["code"], made["files"], origins)
    if made == {key: value for key, value in old.items() if key != "checksum"}:
        return
    made["checksum"] = digest_of(made)
    past.made[job.folder] = made
    path = Path(job.folder) / MANIFEST
    times = path.stat()
    write_atomically(path, json.dumps(made, indent=1, sort_keys=True))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
