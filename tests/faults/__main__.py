"""make faults: every fault tried, one table; ends with 3 where anything was lost or wrong.

python -m tests.faults [--seed N] [--seconds S] [--share F] [--only PATTERN] [--without-flows]
"""

import argparse
import csv
import os
import re
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from random import Random
from typing import NamedTuple

from tests.faults import flows, forks, stages
from tests.faults.world import OUTCOMES, Failed, World, build

RESULTS = Path("results/faults")
RULES = ("prepare", "finetune_base", "finetune_target", "finetune_retain", "cache_frozen_states", "unlearn", "evaluate",
         "aggregate", "tables", "report")  # fmt: skip


class Fault(NamedTuple):
    """tries: of a whole run. kills: how many kills a try is."""

    name: str
    tries: int
    once: Callable[[Random], None]
    kills: int = 0


def of_jobs(world: World) -> Iterator[Fault]:
    for rule in RULES:
        yield Fault(f"kill {rule}", 6, partial(stages.killed, world, rule=rule), 1)
    yield Fault("kill figures", 2, partial(stages.killed, world, rule="figures"), 1)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        yield Fault(f"{number.name} in training", 3, partial(stages.interrupted, world, number=number))
    for how in ("flipped", "truncated"):
        yield Fault(f"checkpoint {how}", 4, partial(stages.resume_damaged, world, how=how))
    for rule in ("prepare", "finetune_base", "cache_frozen_states", "unlearn", "evaluate", "aggregate", "tables"):
        yield Fault(f"disk full in {rule}", 2, partial(stages.disk_full, world, rule=rule))
    for rule in ("prepare", "unlearn", "evaluate", "aggregate"):
        yield Fault(f"read-only folder in {rule}", 1, partial(stages.no_writing, world, rule=rule))
        yield Fault(f"odd name in {rule}", 3, partial(stages.odd_name, world, rule=rule))
        for what in ("git", "HOME"):
            yield Fault(f"no {what} in {rule}", 1, partial(stages.without, world, rule=rule, what=what))
    for rule in ("finetune_base", "unlearn"):
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
    yield Fault("kill Snakemake", 1, partial(flows.killed, flow, kills=6), 6)
    for what in ("config", "code", "data"):
        yield Fault(f"no .snakemake, {what} edited", 1, partial(flows.records_gone, flow, what=what))
    for what in ("config", "code"):
        yield Fault(f"{what} edited meanwhile", 1, partial(flows.edited_meanwhile, flow, what=what))
    yield Fault("two Snakemakes", 1, partial(flows.two_at_once, flow))
    for how in ("full", "read-only", "missing"):
        yield Fault(f"cache {how}", 1, partial(flows.cache_unfit, flow, how=how))
    yield Fault("odd place", 1, partial(flows.odd_place, flow))


class Table:
    """Rows of the summary, and what did not survive in words."""

    def __init__(self, seed: int, deadline: float) -> None:
        self.seed, self.deadline = seed, deadline
        self.counts: dict[str, Counter[str]] = {}
        self.kills = 0
        self.details: list[str] = []

    def try_all(self, faults: Iterator[Fault], share: float, clean: Callable[[], None]) -> None:
        for fault in faults:
            counts = self.counts.setdefault(fault.name, Counter())
            for number in range(max(1, round(share * fault.tries))):
                if time.monotonic() > self.deadline:
                    self.details.append(f"{fault.name}: not tried, the time is over")
                    return
                outcome, text = self.outcome(fault, Random(f"{self.seed} {fault.name} {number}"))
                counts.update(["tried", outcome])
                self.kills += fault.kills
                if text:
                    self.details.append(f"{fault.name} (try {number}): {outcome}: {text}")
                    print(self.details[-1], file=sys.stderr, flush=True)
                clean()

    @staticmethod
    def outcome(fault: Fault, rng: Random) -> tuple[str, str]:
        try:
            fault.once(rng)
        except Failed as failed:
            return failed.kind, str(failed)
        return "survived", ""

    def write(self) -> None:
        RESULTS.mkdir(parents=True, exist_ok=True)
        with (RESULTS / "summary.csv").open("w", newline="") as handle:
            rows = csv.writer(handle, lineterminator="\n")
            rows.writerow(["fault", "tried", *OUTCOMES])
            for name, counts in self.counts.items():
                rows.writerow([name, *(counts[key] for key in ("tried", *OUTCOMES))])
        (RESULTS / "details.txt").write_text("".join(f"{text}\n" for text in self.details))


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.faults", description=__doc__)
    parser.add_argument("--seed", type=int, default=int(os.environ.get("FAULT_SEED", "0")))
    parser.add_argument("--seconds", type=float, default=1150.0, help="no try starts later than this")
    parser.add_argument("--share", type=float, default=1.0, help="part of the tries, at least one of each fault")
    parser.add_argument("--only", default="", help="a pattern that a fault's name must hold")
    parser.add_argument("--without-flows", action="store_true", help="leave out what runs whole workflows")
    arguments = parser.parse_args()
    table = Table(arguments.seed, time.monotonic() + arguments.seconds)
    forks.preload()
    with tempfile.TemporaryDirectory(prefix="faults-") as place:
        folder = Path(place)
        folder.chmod(0o755)
        world = build(folder / "jobs")
        chosen = (fault for fault in of_jobs(world) if re.search(arguments.only, fault.name))
        table.try_all(chosen, arguments.share, world.clean)
        if not arguments.without_flows:
            chosen = (
                fault for fault in of_flows(flows.Flow(folder / "flows")) if re.search(arguments.only, fault.name)
            )
            table.try_all(chosen, arguments.share, lambda: None)
    table.write()
    total = sum(table.counts.values(), Counter())
    print(f"{total['tried']} tries of {len(table.counts)} faults, {table.kills} kills: "
          + ", ".join(f"{total[outcome]} {outcome}" for outcome in OUTCOMES) + f"; {RESULTS}/summary.csv")  # fmt: skip
    return 3 if total["lost"] + total["wrong"] or len(table.details) else 0


if __name__ == "__main__":
    sys.exit(main())
