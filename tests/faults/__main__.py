"""make faults: every fault tried, one table; ends with 3 where anything was lost or wrong.

python -m tests.faults [--seed N] [--seconds S] [--share F] [--only PATTERN] [--without-flows]

Two processes at once: faults of single jobs are one's work, each fault of whole runs is whose turn it is.
"""

import argparse
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

from tests.faults import flows, forks, listing
from tests.faults.table import Fault, Table
from tests.faults.world import build


class Chosen(NamedTuple):
    """What is to be tried, and until when (by time.monotonic)."""

    seed: int
    deadline: float
    share: float
    only: str

    def tried(self, faults: Iterator[Fault], clean: Callable[[], None] = forks.nothing) -> Table:
        table = Table(self.seed, self.deadline)
        table.try_all((fault for fault in faults if re.search(self.only, fault.name)), self.share, clean)
        return table


def of_jobs(chosen: Chosen, folder: Path) -> Table:
    forks.preload()
    world = build(folder)
    return chosen.tried(listing.of_jobs(world), world.clean)


def of_flow(chosen: Chosen, flow: flows.Flow, name: str) -> Table:
    """The one fault of that name."""
    return chosen.tried(fault for fault in listing.of_flows(flow) if fault.name == name)


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.faults", description=__doc__)
    parser.add_argument("--seed", type=int, default=int(os.environ.get("FAULT_SEED", "0")))
    parser.add_argument("--seconds", type=float, default=1150.0, help="no try starts later than this")
    parser.add_argument("--share", type=float, default=1.0, help="part of the tries, at least one of each fault")
    parser.add_argument("--only", default="", help="a pattern that a fault's name must hold")
    parser.add_argument("--without-flows", action="store_true", help="leave out what runs whole workflows")
    arguments = parser.parse_args()
    started = time.monotonic()
    chosen = Chosen(arguments.seed, started + arguments.seconds, arguments.share, arguments.only)
    table = Table(chosen.seed, chosen.deadline)
    with tempfile.TemporaryDirectory(prefix="faults-") as place, ProcessPoolExecutor(2) as pool:
        folder = Path(place)
        folder.chmod(0o755)
        running = [pool.submit(of_jobs, chosen, folder / "jobs")]
        if not arguments.without_flows:
            whole = pool.submit(flows.undisturbed, folder / "whole").result()
            names = [fault.name for fault in listing.of_flows(flows.Flow(folder, *whole))]
            running += [pool.submit(of_flow, chosen, flows.Flow(folder / f"flow {place}", *whole), name)
                        for place, name in enumerate(names)]  # fmt: skip
        for part in running:
            table.add(part.result())
    table.write()
    used = os.times()
    cpu = used.user + used.system + used.children_user + used.children_system
    print(f"{table.said()}; {time.monotonic() - started:.0f} s, {cpu:.0f} s of CPU")
    return table.status


if __name__ == "__main__":
    sys.exit(main())
