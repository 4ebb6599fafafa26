"""grunflow preflight: ask the cluster whether it can meet what a profile and a study ask for, before anything is submitted."""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PROFILE = Path("workflow/profiles/slurm")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--configfile", type=Path, required=True)
    parser.add_argument("--workflow-profile", type=Path, default=PROFILE, help=f"folder of the profile ({PROFILE})")


def run(arguments: argparse.Namespace) -> None:
    """Raises BadInput with every key that the cluster cannot meet, a sentence each."""
    from grunflow.cluster import accounts, partitions
    from grunflow.config.reading import read_study
    from grunflow.config.typed import read_yaml
    from grunflow.errors import BadInput

    file = arguments.workflow_profile / "config.yaml"
    profile = read_yaml(str(file), "--workflow-profile")
    study = read_study(read_yaml(str(arguments.configfile), "--configfile"))
    wrong = [*partition_faults(profile, gpus_of_rules(study), partitions()), *account_faults(profile, accounts())]
    if wrong:
        raise BadInput(f"{file}: {'; '.join(wrong)}.")
    print(f"{file}: the cluster can meet it")


def gpus_of_rules(study: Any) -> dict[str, int]:
    """Rule -> the most GPUs that one of its jobs asks for, as the rules do."""
    from grunflow.config.jobs import all_jobs
    from grunflow.costs.requests import request

    found: dict[str, int] = {}
    for job in all_jobs(study):
        found[job.rule] = max(found.get(job.rule, 0), request(study, job.spec)["gpu"])
    return found


def partition_faults(profile: dict[str, Any], asked: dict[str, int], known: dict[str, int]) -> Iterator[str]:
    """known: partition -> the most GPUs of one of its nodes."""
    default = profile.get("default-resources", {})
    for rule, gpus in {"default": 0, **asked}.items():
        own = profile.get("set-resources", {}).get(rule, {})
        place = f"set-resources.{rule}" if "slurm_partition" in own else "default-resources"
        partition = own.get("slurm_partition", default.get("slurm_partition"))
        if partition is None:
            continue  # the cluster's own default
        granted = _granted(own, gpus)
        if granted is None:
            continue  # an expression, which Snakemake evaluates for each attempt
        # sbatch takes a list, and the first partition that can start the job.
        named = str(partition).split(",")
        key = next((key for key in ("gres", "gpu") if key in own), "slurm_partition")
        if not known.keys() >= set(named):
            yield f"{place}.slurm_partition: got {partition!r}, the cluster has {', '.join(sorted(known))}; correct it"
        elif granted < gpus:
            yield (
                f"set-resources.{rule}.{key}: gives {granted} GPUs to a job of {rule} that starts a process on each of {gpus}; "
                f"ask for {gpus}"
            )
        elif granted > (most := min(known[name] for name in named)):
            yield (
                f"set-resources.{rule}.{key}: {rule} asks for {granted} GPUs, but a node of partition {partition!r} has "
                f"{most}; name another partition or ask for fewer"
            )


def _granted(own: dict[str, Any], gpus: int) -> int | None:
    """GPUs that a job of the rule gets by its resources in the profile, else `gpus`; None for an expression."""
    gpu = str(own.get("gpu", gpus))
    return max(int(gpu), _of_gres(str(own.get("gres", "")))) if gpu.isdigit() else None


def _of_gres(text: str) -> int:
    """GPUs of a gres request, as gpu:2 or gpu:a100:2, quoted or not."""
    parts = text.strip("'\"").split(":")
    return int(parts[-1]) if parts[0] == "gpu" and parts[-1].isdigit() else int(parts[0] == "gpu")


def account_faults(profile: dict[str, Any], known: tuple[set[str], str] | None) -> Iterator[str]:
    """known: accounts that the user may charge, and the default one, as cluster.accounts has them."""
    if known is None:
        return
    allowed, default = known
    asked = {"default-resources": profile.get("default-resources", {}).get("slurm_account")}
    rules = profile.get("set-resources", {}).items()
    asked |= {f"set-resources.{rule}": row["slurm_account"] for rule, row in rules if "slurm_account" in row}
    for place, account in asked.items():
        # The executor takes a list with commas; SLURM writes names in lower case.
        names = {name.strip().lower() for name in str(account or default).split(",")}
        if not names <= allowed:
            yield (
                f"{place}.slurm_account: got {account!r}, you may charge {', '.join(sorted(allowed)) or 'none'}; "
                f"{'set one of these' if allowed else 'ask for an account on this cluster'}"
            )
