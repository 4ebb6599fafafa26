"""What was tried, how often, and how it ended: the rows of summary.csv."""

import csv
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from random import Random
from typing import NamedTuple

from tests.faults.world import OUTCOMES, Failed

RESULTS = Path("results/faults")


class Fault(NamedTuple):
    """tries: of a whole run. kills: how many kills a try is."""

    name: str
    tries: int
    once: Callable[[Random], None]
    kills: int = 0


class Table:
    """Rows of the summary, and what did not survive in words."""

    def __init__(self, seed: int, deadline: float) -> None:
        self.seed, self.deadline = seed, deadline
        self.counts: dict[str, Counter[str]] = {}
        self.kills = 0
        self.details: list[str] = []

    def try_all(self, faults: Iterable[Fault], share: float, clean: Callable[[], None]) -> None:
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
        except Exception as error:  # nobody thought of it: the others are tried all the same
            return "lost", f"{type(error).__name__}: {error}"
        return "survived", ""

    def add(self, other: "Table") -> None:
        """What another process tried, of other faults."""
        self.counts |= other.counts
        self.kills += other.kills
        self.details += other.details

    def write(self) -> None:
        RESULTS.mkdir(parents=True, exist_ok=True)
        with (RESULTS / "summary.csv").open("w", newline="") as handle:
            rows = csv.writer(handle, lineterminator="\n")
            rows.writerow(["fault", "tried", *OUTCOMES])
            for name, counts in self.counts.items():
                rows.writerow([name, *(counts[key] for key in ("tried", *OUTCOMES))])
        (RESULTS / "details.txt").write_text("".join(f"{text}\n" for text in self.details))

    def said(self) -> str:
        total = sum(self.counts.values(), Counter())
        ends = ", ".join(f"{total[outcome]} {outcome}" for outcome in OUTCOMES)
        return f"{total['tried']} tries of {len(self.counts)} faults, {self.kills} kills: {ends}; {RESULTS}/summary.csv"

    @property
    def status(self) -> int:
        """3 where anything was lost or wrong, or was not tried."""
        return 3 if self.details else 0
