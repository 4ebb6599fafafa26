"""grunflow preflight: ask the cluster whether it can meet what a profile and a study ask for, before anything is submitted."""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from grunflow.cluster import Partition

PROFILE = Path("workflow/profiles/slurm")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--configfile", type=Path, required=True)
    parser.add_argument("--workflow-profile", type=Path, default=PROFILE, help=f"folder of the profile ({PROFILE})")


def run(arguments: argparse.Namespace) -> None:
    """Raises BadInput with every key that the cluster cannot meet, a sentence each."""
    from grunflow.cluster import accounts, partitions, qualities
    from grunflow.config.reading import read_study
    from grunflow.config.typed import read_yaml
    from grunflow.errors import BadInput

    file = arguments.workflow_profile / "config.yaml"
    profile = read_yaml(str(file), "--workflow-profile")
    study = read_study(read_yaml(str(arguments.configfile), "--configfile"))
    wrong = [
        *large_faults(study),
        *partition_faults(profile, asked_by_rules(study), partitions()),
        *account_faults(profile, accounts()),
        *quality_faults(profile, qualities()),
    ]
    if wrong:
        raise BadInput(f"{file}: {'; '.join(wrong)}.")
    print(f"{file}: the cluster can meet it (partitions, GPUs, memory, minutes, accounts, QOS of first attempts)")


def asked_by_rules(study: Any) -> dict[str, dict[str, int]]:
    """Rule -> the most that one of its jobs asks for at its first attempt: gpu, nodes, mem_mb, runtime, as the rules do."""
    from grunflow.config.jobs import all_jobs
    from grunflow.costs import rates
    from grunflow.costs.requests import request

    found: dict[str, dict[str, int]] = {}
    known = rates.of_study(study.study)
    for job in all_jobs(study):
        asked, most = request(study, job.spec, rate=known.get(job.rule)), found.setdefault(job.rule, {})
        most |= {key: max(most.get(key, 0), asked[key]) for key in ("gpu", "nodes", "mem_mb", "runtime")}
    return found


def large_faults(study: Any) -> Iterator[str]:
    """Rules whose jobs do not fit the study's kind of GPU."""
    from grunflow.config.jobs import all_jobs
    from grunflow.costs.placing import fits
    from grunflow.costs.stages import cost

    found: dict[str, list[Any]] = {}
    for job in all_jobs(study):
        spent = cost(study, job.spec)
        if not fits(study, spent):
            found.setdefault(job.rule, []).append((spent.gpu_bytes, spent.gpus, job.folder))
    for rule, jobs in found.items():
        size, gpus, folder = max(jobs)
        yield (
            f"the study's gpu: {len(jobs)} jobs of {rule} fit no {study.gpu}, the largest, {folder}, takes {size / 2**30:.0f} GiB on each of {gpus}; "
            "name a larger `gpu` there, or of a training smaller micro-batches (`accumulation`, where it is a number)"
        )


def partition_faults(
    profile: dict[str, Any], asked: dict[str, dict[str, int]], known: "dict[str, Partition]"
) -> Iterator[str]:
    """What the partitions cannot meet of what each rule's largest job asks for."""
    default = profile.get("default-resources", {})
    for rule, most in {"default": {}, **asked}.items():
        own = profile.get("set-resources", {}).get(rule, {})
        place = f"set-resources.{rule}" if "slurm_partition" in own else "default-resources"
        partition = own.get("slurm_partition", default.get("slurm_partition"))
        if partition is None:
            continue  # the cluster's own default
        # sbatch takes a list, and the first partition that can start the job.
        named = str(partition).split(",")
        if not known.keys() >= set(named):
            yield f"{place}.slurm_partition: got {partition!r}, the cluster has {', '.join(sorted(known))}; correct it"
            continue
        if not any(known[name].up for name in named):
            yield f"{place}.slurm_partition: partition {partition!r} is not up; name another"
        yield from _gpu_faults(rule, own, most, partition, min(known[name].gpus for name in named))
        if most:
            yield from _limit_faults(rule, own, most, partition, [known[name] for name in named])


def _gpu_faults(rule: str, own: dict[str, Any], asked: dict[str, int], partition: str, most: int) -> Iterator[str]:
    gpus, nodes = asked.get("gpu", 0), asked.get("nodes", 1)
    granted = _granted(own, gpus, nodes)
    if granted is None:
        return  # an expression, which Snakemake evaluates for each attempt
    key = next((key for key in ("gres", "gpu") if key in own), "slurm_partition")
    if granted < gpus:
        yield (
            f"set-resources.{rule}.{key}: gives {granted} GPUs to a job of {rule} that starts a process on each of {gpus}; "
            f"ask for {gpus}"
        )
    elif granted > most * nodes:
        over = f" on {nodes} nodes" if nodes > 1 else ""
        yield (
            f"set-resources.{rule}.{key}: {rule} asks for {granted} GPUs{over}, but a node of partition {partition!r} has "
            f"{most}; name another partition, ask for fewer, or set the study's gpus_per_node to {most}"
        )
    elif nodes > 1 and granted < most * nodes:
        yield (
            f"the study's gpus_per_node: {rule} asks for {granted} GPUs on {nodes} nodes, but a node of partition {partition!r} has {most}, and "
            f"SLURM may share them out unevenly; set it to {most}"
        )


def _limit_faults(
    rule: str, own: dict[str, Any], most: dict[str, int], partition: str, known: "list[Partition]"
) -> Iterator[str]:
    """Memory and time of the first attempt against the largest node and the time limit."""
    limits = (
        ("mem_mb", "MB", max(item.megabytes for item in known)),
        ("runtime", "minutes", max(item.minutes for item in known)),
    )
    for resource, unit, limit in limits:
        wanted = str(own.get(resource, most[resource]))
        if wanted.isdigit() and int(wanted) > limit:
            key = resource if resource in own else "slurm_partition"
            yield (
                f"set-resources.{rule}.{key}: {rule} asks for {wanted} {unit}, but partition {partition!r} allows "
                f"{limit:.0f}; name another partition or ask for less"
            )


def quality_faults(profile: dict[str, Any], known: set[str] | None) -> Iterator[str]:
    """known: names of the cluster's qualities of service; None: it has none to ask for."""
    rules = profile.get("set-resources", {})
    asked = {
        "default-resources": profile.get("default-resources", {}),
        **{f"set-resources.{rule}": rules[rule] for rule in rules},
    }
    for place, row in asked.items():
        if "qos" in row and str(row["qos"]).strip("'\"") not in (known or ()):
            yield f"{place}.qos: got {row['qos']!r}, the cluster has {', '.join(sorted(known or ())) or 'none'}; correct it"


def _granted(own: dict[str, Any], gpus: int, nodes: int) -> int | None:
    """GPUs that a job of the rule gets by its resources in the profile, else `gpus`; None for an expression. A gres is each node's."""
    gpu = str(own.get("gpu", gpus))
    return max(int(gpu), nodes * _of_gres(str(own.get("gres", "")))) if gpu.isdigit() else None


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
