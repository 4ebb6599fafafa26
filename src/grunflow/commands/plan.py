"""grunflow plan: what a study will cost, before it costs anything."""

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--configfile", type=Path, required=True)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "--against",
        type=Path,
        metavar="RESULTS",
        help="results of the study: planned beside measured; writes RESULTS/rates.json",
    )
    parser.add_argument(
        "--rates",
        type=Path,
        help="a rates.json that --against wrote, in place of results/STUDY/rates.json: seconds as they were measured, requests no less than planned",
    )
    parser.add_argument(
        "--cluster",
        action="store_true",
        help="jobs without a GPU start by themselves, and not from a server beside Snakemake",
    )


def run(arguments: argparse.Namespace) -> None:
    from grunflow.config.reading import read_study
    from grunflow.config.typed import read_yaml
    from grunflow.costs import rates

    study = read_study(read_yaml(str(arguments.configfile), "--configfile"))
    beside = {"against": against(study, arguments.against, arguments.cluster)} if arguments.against else {}
    known = rates.read(arguments.rates) if arguments.rates else None
    found = plan(study, known, arguments.cluster) | beside
    print(json.dumps(found, indent=1) if arguments.json else readable(found))


def against(study: Any, results: Path, cluster: bool = False) -> dict[str, dict[str, float]]:
    """Rule -> planned beside measured; what was learnt stays beside the results. cluster: see `plan`."""
    from grunflow.config.jobs import all_jobs
    from grunflow.costs import rates, taken
    from grunflow.costs.placing import started_alone

    done, others = taken.taken(study, all_jobs(study), results)
    if others:
        print(f"--against: {others} finished jobs left out, which another config or version made", file=sys.stderr)
    done = [item._replace(planned=started_alone(item.planned)) for item in done] if cluster else done
    known = taken.learnt(done)
    rates.write(results, known)
    return taken.beside(done, known)


def plan(study: Any, rates: Mapping[str, Any] | None = None, cluster: bool = False) -> dict[str, Any]:
    """Rows per rule, totals, jobs that fit no GPU, what carriers that train whole models take of the disk, and the assumptions.

    GPU-hours of a row are of all its jobs, `left_gpu_hours` of those that are neither done nor `cached`: in the cache that
    workflows share, from which `snakemake --cache` restores them. Memory is the largest job's.
    `disk_bytes` stay at the end, `discarded_bytes` go once their runs are scored (the study's `keep`), sooner or later.
    `seconds` are of all jobs, one after the other. `micro_batches`: of a step, the most that a job of the rule has.

    Args:
        rates: rule -> rate of this machine (costs/rates.py), in place of assumptions; None: those beside the study's results.
        cluster: whether jobs without a GPU start by themselves (costs/placing.py, started_alone).
    """
    from grunflow.config.jobs import all_jobs
    from grunflow.costs.placing import fits
    from grunflow.costs.rates import of_study
    from grunflow.output_cache import cached_folders
    from grunflow.reruns import done_folders

    rows: dict[str, dict[str, Any]] = {}
    full, large = 0, []
    jobs = all_jobs(study)
    rates = of_study(study.study) if rates is None else rates
    finished = done_folders(jobs)
    cached = cached_folders(jobs, finished)
    known: dict[tuple[str, str], Any] = {}  # jobs that differ in nothing but names and seeds cost the same
    for job in jobs:
        alike = job.rule, job.spec.model_dump_json(exclude={"run", "seed", "target_seed", "unlearn_seed"})
        if alike not in known:
            known[alike] = _of_job(study, job, rates.get(job.rule), cluster)
        spent, asked = known[alike]
        row = rows.setdefault(job.rule, dict.fromkeys(COLUMNS, 0))
        _count(row, job, spent, asked, job.folder in finished, job.folder in cached)
        full += spent.disk_bytes if trains_weights(job.spec) else 0
        if not fits(study, spent):
            large.append({"folder": job.folder, "gpus": spent.gpus, "gpu_bytes": spent.gpu_bytes})
    summed = (
        "jobs", "done", "cached", "gpu_hours", "left_gpu_hours", "flops", "seconds", "cpu_seconds", "disk_bytes", "discarded_bytes",
    )  # fmt: skip
    return {
        "study": study.study,
        "gpu": study.gpu,
        "stages": rows,
        "totals": {key: sum(row[key] for row in rows.values()) for key in summed},
        "disk_bytes_of_full_carriers": full,
        "fit_no_gpu": large,
        "assumptions": [*assumptions(study), *_learnt(rates)],
    }


def _of_job(study: Any, job: Any, rate: Any, cluster: bool) -> tuple[Any, dict[str, Any]]:
    """What a job is taken to cost, at its rule's rate where there is one, and what it asks of a cluster."""
    from grunflow.costs.placing import started_alone
    from grunflow.costs.rates import at
    from grunflow.costs.requests import request_for
    from grunflow.costs.stages import cost

    planned = cost(study, job.spec)
    planned = started_alone(planned) if cluster else planned
    return at(rate, planned), request_for(planned, rate=rate)


def _count(row: dict[str, Any], job: Any, spent: Any, asked: dict[str, Any], done: bool, cached: bool) -> None:
    """Add a job to its rule's row: what it is taken to cost, and what it asks of a cluster."""
    hours = spent.gpus * spent.seconds / 3600
    row["jobs"] += 1
    row["done"] += done
    row["cached"] += cached
    row["gpu_hours"] += hours
    row["left_gpu_hours"] += 0 if done or cached else hours
    row["flops"] += spent.flops
    row["seconds"] += spent.seconds
    row["cpu_seconds"] += 0 if spent.gpus else spent.seconds
    row["discarded_bytes" if job.discarded else "disk_bytes"] += spent.disk_bytes
    for key, value in (
        ("gpus", spent.gpus), ("nodes", spent.nodes), ("gpu_bytes", spent.gpu_bytes), ("host_bytes", asked["mem_mb"] * 2**20),
        ("minutes", asked["runtime"]), ("checkpoint_bytes", spent.checkpoint_bytes), ("micro_batches", spent.accumulation),
    ):  # fmt: skip
        row[key] = max(row[key], value)


def trains_weights(spec: Any) -> bool:
    """Whether an unlearning job writes a whole model."""
    from grunflow.config.specs import Attack, Unlearn
    from grunflow.config.terms import WEIGHTS, trained_by

    return isinstance(spec, Unlearn) and not isinstance(spec, Attack) and trained_by(spec.carrier) == WEIGHTS


COLUMNS = (
    "jobs", "done", "cached", "gpus", "nodes", "micro_batches", "gpu_bytes", "host_bytes", "minutes", "disk_bytes", "discarded_bytes", "checkpoint_bytes",
    "flops", "seconds", "cpu_seconds", "gpu_hours", "left_gpu_hours",
)  # fmt: skip


def _learnt(rates: Mapping[str, Any]) -> list[str]:
    measured = "what finished jobs tell decides the seconds, and raises the requests, of"
    return [f"{measured} {', '.join(rates)} (results/STUDY/rates.json, or --rates)"] if rates else []


KEPT = {
    "all": "keep: all: every output stays",
    "adapters": "keep: adapters: whole models go once their runs are scored",
    "none": "keep: none: what unlearning trains goes once its runs are scored",
}


def assumptions(study: Any) -> list[str]:
    from grunflow.config.runs import parts
    from grunflow.costs import hardware, reads
    from grunflow.costs.requests import SPARE_MEMORY, SPARE_TIME
    from grunflow.job import CHECKPOINT_SECONDS

    device = hardware.DEVICES[study.gpu]
    lengths = {part.name: reads.in_form(part.benchmark.lengths, study.conventions) for part in parts(study)}
    together = (
        "whichever takes longest; small micro-batches wait for the last two"
        if device.gpu_bytes
        else "the longer of the first two and the last"
    )
    return [
        f"{study.gpu}: {device.share:.0%} of peak FLOP/s, {hardware.BANDWIDTH_SHARE:.0%} of bandwidth and {device.launch * 1e6:.0f} microseconds "
        f"for each operation ({'assumed, not measured' if device.gpu_bytes else 'measured, but for the bandwidth'}), {together}",
        *(
            f"{name}: texts of {long.prompt} + {long.answer} tokens, {long.padded} times that in a padded batch; memory for rows "
            f"of {long.longest}"
            for name, long in lengths.items()
        ),
        f"{device.start:g} s until a job has started; {hardware.DISK / 1e9:.1f} GB/s to the shared file system",
        f"AdamW on float32 masters (16 bytes a trained weight, 2 more on one GPU; in the weights' type 8, with Kahan summation 10); jobs ask for {SPARE_MEMORY} times the memory and {SPARE_TIME:.0f} "
        "times the minutes, more at each attempt",
        f"{KEPT[study.keep]}; the resume state of a running job (its size, and the seconds to write it, stand in "
        f"the table) lies in .resume/ until the job has succeeded, for a moment twice; every {CHECKPOINT_SECONDS:g} s it is written, from a GPU "
        f"beside training, which waits for the copy in the host's memory ({hardware.TO_HOST / 1e9:g} GB/s)",
        "several GPUs: as fast as they are many, what they exchange is left out",
        f"stages that load no model are taken for {hardware.LITTLE:g} s each",
    ]


def readable(found: dict[str, Any]) -> str:
    from grunflow.costs.hardware import write_seconds

    giga, hours = 2**30, "GPU-hours"
    head = f"{'rule':20} {'jobs':>5} {'done':>5} {'cached':>6} {'GPUs':>5} {'micro':>5} {'GPU GiB':>8} {'host GiB':>9} {'minutes':>8} {'disk GiB':>9} {'resume GiB':>10} {'write s':>7} {hours:>10}"
    lines = [f"study {found['study']} on {found['gpu']}", head]
    for rule, row in found["stages"].items():
        lines.append(
            f"{rule:20} {row['jobs']:5} {row['done']:5} {row['cached']:6} {_gpus(row):>5} {row['micro_batches']:5} {row['gpu_bytes'] / giga:8.1f} "
            f"{row['host_bytes'] / giga:9.1f} {row['minutes']:8} {row['disk_bytes'] / giga:9.1f} {row['checkpoint_bytes'] / giga:10.1f} "
            f"{write_seconds(row['checkpoint_bytes']):7.0f} {row['gpu_hours']:10.1f}"
        )
    total = found["totals"]
    lines += [
        f"{'total':20} {total['jobs']:5} {total['done']:5} {total['cached']:6} {'':39} {total['disk_bytes'] / giga:9.1f} {'':18} {total['gpu_hours']:10.1f}",
        f"left: {total['left_gpu_hours']:.1f} {hours}; FLOPs {total['flops']:.3g}; carriers that are whole models "
        f"{found['disk_bytes_of_full_carriers'] / giga:.0f} GiB; until scored up to {total['discarded_bytes'] / giga:.0f} GiB more disk",
        f"jobs without a GPU: {total['cpu_seconds'] / 60:.0f} minutes one after the other, half of it where two run at once",
        *(f"- {line}" for line in found["assumptions"]),
        *(
            f"fits no {found['gpu']}: {job['folder']}: {job['gpu_bytes'] / giga:.0f} GiB on each of {job['gpus']}; name a larger `gpu`, or of a "
            "training smaller micro-batches (`accumulation`, where it is a number)"
            for job in found["fit_no_gpu"]
        ),
    ]
    return "\n".join(lines + readable_against(found.get("against", {})))


def _gpus(row: dict[str, Any]) -> str:
    """GPUs of the largest job, as nodes x GPUs of each where it is larger than a node."""
    return str(row["gpus"]) if row["nodes"] < 2 else f"{row['nodes']}x{row['gpus'] // row['nodes']}"


def readable_against(rows: Mapping[str, Mapping[str, float]]) -> list[str]:
    """Planned beside measured, a line per rule; `learnt`: at the rates that follow."""
    if not rows:
        return []
    head = f"{'rule':20} {'jobs':>5} {'planned s':>10} {'learnt s':>9} {'taken s':>9} {'CPU s':>8} {'GPU s':>8} {'planned GiB':>11} {'asked GiB':>9} {'peak GiB':>9}"
    return ["planned beside measured", head] + [
        f"{rule:20} {row['jobs']:5.0f} {row['planned_seconds']:10.0f} {row['learnt_seconds']:9.0f} {row['seconds']:9.0f} "
        f"{row['cpu_seconds']:8.0f} {row['gpu_seconds']:8.0f} {row['planned_bytes'] / 2**30:11.1f} {row['asked_bytes'] / 2**30:9.1f} {row['peak_bytes'] / 2**30:9.1f}"
        for rule, row in rows.items()
    ]
