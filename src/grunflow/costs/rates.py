"""A machine's own rates, which `grunflow plan --against` learns from finished jobs: they stay beside the study, no spec holds any of them."""

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from grunflow.costs.placing import Cost
from grunflow.errors import BadInput
from grunflow.job import write_atomically

FILE = "rates.json"


class Rate(NamedTuple):
    """Of jobs of one rule. Seconds: start + FLOPs / flops, on as many GPUs as were planned; flops 0: no work that shows. memory: the
    most of the host's that one held, over what was planned for it; 0: not known."""

    start: float
    flops: float
    memory: float = 0.0


def at(rate: Rate | None, planned: Cost) -> Cost:
    """The job's cost at a machine's own rate, where its rule has one."""
    if rate is None:
        return planned
    work = float(planned.flops) / max(1, planned.gpus)
    return replace(planned, seconds=rate.start + (work / rate.flops if rate.flops else 0.0))


def write(folder: Path, rates: Mapping[str, Rate]) -> Path:
    path = folder / FILE
    rows = {rule: rate._asdict() for rule, rate in rates.items()}
    write_atomically(path, json.dumps(rows, indent=1, sort_keys=True) + "\n")  # running jobs read it
    return path


def read(path: Path) -> dict[str, Rate]:
    """
    Raises:
        BadInput: not a file that `write` wrote.
    """
    try:
        return {
            rule: _checked(Rate(**{name: float(value) for name, value in row.items()}))
            for rule, row in json.loads(path.read_text()).items()
        }
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise BadInput(
            f"rates: {path}: expected what `grunflow plan --against` writes ({FILE}); {type(error).__name__}: {str(error)[:100]}"
        ) from error


def _checked(rate: Rate) -> Rate:
    if not all(math.isfinite(value) and value >= 0 for value in rate):
        raise ValueError(f"got {rate}, expected numbers from 0")
    return rate


def of_study(name: str) -> dict[str, Rate]:
    """Those beside the study's own results; none before `grunflow plan --against` has written them there."""
    path = Path("results", name, FILE)
    return read(path) if path.exists() else {}
