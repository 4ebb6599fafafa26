"""Every fault, and how often it is tried in a whole run."""

import signal
from collections.abc import Iterator
from functools import partial

from tests.faults import flows, stages
from tests.faults.table import Fault
from tests.faults.world import World

RULES = ("prepare", "finetune_base", "finetune_target", "finetune_retain", "cache_frozen_states", "unlearn", "evaluate",
         "attack", "aggregate", "tables", "claims", "report")  # fmt: skip
WRITERS = ("prepare", "finetune_base", "cache_frozen_states", "unlearn", "evaluate", "attack", "aggregate", "tables")


def of_jobs(world: World) -> Iterator[Fault]:
    """Faults of single jobs."""
    for rule in RULES:
        yield Fault(f"kill {rule}", 5, partial(stages.killed, world, rule=rule), 1)
    yield Fault("kill figures", 2, partial(stages.killed, world, rule="figures"), 1)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        yield Fault(f"{number.name} in training", 3, partial(stages.interrupted, world, number=number))
    for how in ("flipped", "truncated"):
        yield Fault(f"checkpoint {how}", 4, partial(stages.resume_damaged, world, how=how))
    for rule in WRITERS:
        yield Fault(f"disk full in {rule}", 2, partial(stages.disk_full, world, rule=rule))
        yield Fault(f"small disk of results in {rule}", 1, partial(stages.disk_small, world, rule=rule, what="results"))
    for rule in ("prepare", "unlearn", "evaluate", "aggregate"):
        yield Fault(f"read-only folder in {rule}", 1, partial(stages.no_writing, world, rule=rule))
        yield Fault(f"odd name in {rule}", 3, partial(stages.odd_name, world, rule=rule))
        yield Fault(f"submission cut in {rule}", 1, partial(stages.submission_cut, world, rule=rule))
        for what in ("git", "HOME"):
            yield Fault(f"no {what} in {rule}", 1, partial(stages.without, world, rule=rule, what=what))
    for rule in ("finetune_base", "unlearn", "attack"):
        yield Fault(f"small disk of resume in {rule}", 2, partial(stages.disk_small, world, rule=rule, what="resume"))
        yield Fault(f"read-only .resume in {rule}", 1, partial(stages.no_heartbeat, world, rule=rule))
        yield Fault(f"a neighbour's job.json in {rule}", 1, partial(stages.neighbour, world, rule=rule))
        yield Fault(f"{rule} twice at once", 2, partial(stages.twice_at_once, world, rule=rule))
    for job in {job.rule: job for job in world.jobs}.values():
        files = [path for path in (world.folder / job.folder).rglob("*") if path.is_file() and path.stat().st_size]
        for suffix in sorted({path.suffix for path in files}):
            for how in ("flipped", "truncated", "deleted"):
                once = partial(stages.artefact, world, job=job, suffix=suffix, how=how)
                yield Fault(f"{job.rule} *{suffix} {how}", 1, once)


def of_flows(flow: flows.Flow) -> Iterator[Fault]:
    """Faults of whole runs; the longest first."""
    yield Fault("kill Snakemake", 10, partial(flows.killed, flow, kills=3), 3)
    for what in ("config", "code", "data"):
        yield Fault(f"no .snakemake, {what} edited", 1, partial(flows.records_gone, flow, what=what))
        yield Fault(f"{what} edited meanwhile", 1, partial(flows.edited_meanwhile, flow, what=what))
    yield Fault("two Snakemakes", 1, partial(flows.two_at_once, flow))
    for how in ("full", "read-only", "missing"):
        yield Fault(f"cache {how}", 1, partial(flows.cache_unfit, flow, how=how))
    for how in ("flipped", "truncated"):
        yield Fault(f"cache entry {how}", 1, partial(flows.entry_damaged, flow, how=how))
    yield Fault("odd place", 1, partial(flows.odd_place, flow))
