"""What each fact that the plan reckons with does to a study's plan: GPU-hours with it taken out, one at a time.

    python -m benchmarks.plan_shares config/paper.yaml

Takes a fact out by putting what was assumed before in its place, and prints rows for docs/performance.md.
"""

import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any
from unittest.mock import patch

from grunflow.commands.plan import plan
from grunflow.config.reading import read_study
from grunflow.config.stage import Stage
from grunflow.config.study import Resolved
from grunflow.config.typed import read_yaml
from grunflow.costs import asking, hardware, micro_batches, reads, stages
from grunflow.costs.placing import Cost

Undone = Callable[[], Any]


def options_apart() -> Any:
    """Each lettered option read with its question, as four texts."""
    known = asking._fact

    def fact(kind: str, name: str, default: Any) -> Any:
        return 4 if (kind, name) == ("letters", "ANSWERS") else known(kind, name, default)

    return patch.object(asking, "_fact", fact)


def one_length() -> Any:
    """Questions about the world answered as long as the authors', refusals too."""
    known = reads.benchmark_of

    def benchmark(study: Resolved, name: str) -> Any:
        found = known(study, name)
        return replace(found, own_lengths={}, lengths=found.lengths._replace(refusal=found.lengths.answer))

    return patch.object(reads, "benchmark_of", benchmark)


def padded_alone() -> Any:
    """One process pads its texts as several do."""
    known = stages.cost_of
    return patch.object(stages, "cost_of", lambda study, model, of: known(study, model, replace(of, alone=of.shared)))


def longest_rows() -> Any:
    """Memory for rows that are all as long as the longest, in place of the heaviest pack."""
    return patch.object(reads, "heaviest", lambda long, rows, edited: reads.longest_batch(long.longest, rows))


def written_between() -> Any:
    """Checkpoints written between steps and not beside them, by jobs of two GPUs, which are all that write one in config/paper.yaml."""
    return patch.object(hardware, "TO_HOST", hardware.DISK / 2)


def four_by_hand() -> Any:
    """Four micro-batches of every training that leaves them to the plan: what stood in config/paper.yaml."""

    def in_four(study: Resolved, spec: Stage, cost: Callable[[Stage, Resolved], Cost]) -> Cost:
        training = micro_batches.training_in(spec)
        assert training is not None
        return cost(micro_batches.in_parts(spec, training, 4), study)

    return patch.object(stages, "fewest", in_four)


def devices(**keys: float) -> Any:
    """Every device with these figures."""
    return patch.dict(hardware.DEVICES, {name: replace(device, **keys) for name, device in hardware.DEVICES.items()})


UNDONE: dict[str, Undone] = {
    "lettered options in one pass": options_apart,
    "answers about the world, and refusals, as short as they are": one_length,
    "texts packed on one process": padded_alone,
    "memory by the heaviest pack": longest_rows,
    "micro-batches that the plan chooses": four_by_hand,
    "checkpoints written beside training": written_between,
    "operations take time to start": partial(devices, launch=0.0),
    "a job takes time to start": partial(devices, start=0.0),
}


def hours(study: Resolved) -> dict[str, float]:
    """GPU-hours of each rule, and of all."""
    found = plan(study, {})  # by assumptions, whatever was learnt
    return {rule: row["gpu_hours"] for rule, row in found["stages"].items()} | {"total": found["totals"]["gpu_hours"]}


def main() -> None:
    study = read_study(read_yaml(sys.argv[1], "config"))
    known = hours(study)
    print("| without | GPU-hours | most of the difference |\n| --- | --- | --- |")
    print(f"| (as it is) | {known['total']:.1f} | |")
    for name, undone in UNDONE.items():
        with undone():
            found = hours(study)
        apart = {rule: found[rule] - known[rule] for rule in known if rule != "total"}
        most = max(apart, key=lambda rule: abs(apart[rule]))
        told = f"{most} {apart[most]:+.1f}" if round(apart[most], 1) else ""
        print(f"| {name} | {found['total']:.1f} | {told} |")


if __name__ == "__main__":
    main()
