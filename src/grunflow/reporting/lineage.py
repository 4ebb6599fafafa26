"""Where a result came from: the jobs behind it, read from manifests, from the last folders back to the first."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from grunflow.manifest import MANIFEST, read_manifest


@dataclass(frozen=True)
class Job:
    """One finished folder."""

    stage: str
    inputs: tuple[str, ...]
    manifest: dict[str, Any]


def jobs(folders: Iterable[Path]) -> dict[str, Job]:
    """Folder -> job, for these folders and all that they were made from (as far as they are still there)."""
    found: dict[str, Job] = {}
    waiting = [str(folder) for folder in folders]
    while waiting:
        name = waiting.pop()
        if name in found or not (Path(name) / MANIFEST).is_file():
            continue
        manifest = read_manifest(Path(name))
        inputs = tuple(folder for named in manifest["inputs"].values() for folder in named)
        found[name] = Job(stage_of(manifest["spec"]), inputs, manifest)
        waiting += inputs
    return found


def stage_of(spec: dict[str, Any]) -> str:
    """The stage's name; fine-tuning has a role too."""
    return " ".join(filter(None, (spec["stage"].replace("_", " "), spec.get("role"))))


def edges(found: dict[str, Job]) -> Counter[tuple[str, str]]:
    """(stage, stage that reads it) -> number of folders that pass."""
    return Counter((found[name].stage, job.stage) for job in found.values() for name in job.inputs if name in found)


def spent(found: dict[str, Job]) -> pd.DataFrame:
    """What each stage took: jobs, hours of processor time, the longest job's seconds, the largest resident memory."""
    rows = [{"Stage": job.stage, **job.manifest["measured"]} for job in found.values()]
    groups = pd.DataFrame(rows).groupby("Stage")
    table = pd.DataFrame(
        {
            "Jobs": groups.size(),
            "CPU hours": (groups["cpu_seconds"].sum() / 3600).map("{:.2f}".format),
            "Longest job, s": groups["seconds"].max().map("{:.1f}".format),
            "Peak memory, GiB": (groups["peak_memory_bytes"].max() / 2**30).map("{:.2f}".format),
        }
    )
    return table.reset_index()


def origins(found: dict[str, Job]) -> list[tuple[str, str]]:
    """What made the folders: each fact with its values; more than one value is worth a look."""
    facts: dict[str, list[str]] = {}
    for job in found.values():
        provenance = job.manifest["provenance"]
        commit = str(provenance["git_commit"])[:12] + (" (with local changes)" if provenance["git_dirty"] else "")
        known = {"commit": commit, "python": provenance["python"], "machine": f"{provenance['machine']}, {provenance['cpu_count']} CPUs",
                 "GPUs": str(provenance["gpus"]), **provenance["versions"]}  # fmt: skip
        for name, value in known.items():
            if value is not None and value not in facts.setdefault(name, []):
                facts[name].append(value)
    return [("folders", str(len(found))), *((name, "; ".join(sorted(values))) for name, values in facts.items())]
