"""Figures of a method minus those of the same objective on other carriers, paired: columns <figure>_minus_<carrier>, and over how many
seeds and replicates: seeds_minus_<carrier>, replicates_minus_<carrier>."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from grunflow.benchmarks.base import EXTERNAL
from grunflow.reporting.forms import put
from grunflow.reporting.intervals import Sample
from grunflow.reporting.samples import Method, Samples, with_shared_seeds
from grunflow.reporting.seeds import Labels, factors, replicates

MINUS = "_minus_"
Groups = Mapping[Method, pd.DataFrame]  # a row of metrics per seed
Reader = Callable[[Method, pd.DataFrame], Samples]
Rivals = Mapping[Method, list[Method]]  # of other carriers; nothing of a model that no method of the study trained


def same_otherwise(groups: Groups) -> Rivals:
    """Of each method those that differ from it by their carriers only."""
    blocks: dict[Method, list[Method]] = {}
    for method in filter(is_own, groups):
        blocks.setdefault(method.block, []).append(method)
    return {method: [item for item in block if item != method] for block in blocks.values() for method in block}


def is_own(method: Method) -> bool:
    """Whether a method of the study trained it."""
    return bool(method.carrier) and method.carrier_kind != EXTERNAL


def over_shared(carrier: str, seeds: int, groups: Sequence[Labels]) -> dict[str, int]:
    """What a difference to another carrier rests on: the runs of the seeds that both have. groups: factors (seeds.py) of them."""
    return {f"seeds{MINUS}{carrier}": seeds, f"replicates{MINUS}{carrier}": replicates(seeds, groups)}


def minus_rivals(
    groups: Groups, read: Reader, rivals: Callable[[Groups], Rivals] = same_otherwise
) -> list[dict[str, Any]]:
    """A row per method: what `read` tells of its runs minus what it tells of each rival's, over the seeds that both have, with _lo
    and _hi, and the numbers of them."""
    whole, against = {method: read(method, group) for method, group in groups.items()}, rivals(groups)
    rows = []
    for method in groups:
        row: dict[str, Any] = {}
        for rival in against.get(method, []):
            shared = with_shared_seeds({item: groups[item] for item in (method, rival)})
            mine, theirs = (
                whole[item] if len(own) == len(groups[item]) else read(item, own) if len(own) else {}
                for item, own in shared.items()
            )
            row |= over_shared(rival.carrier, len(shared[method]), factors(shared[method]))
            for name, one in mine.items():
                other = theirs.get(name)
                if isinstance(one, Sample) and isinstance(other, Sample):
                    put(row, f"{name}{MINUS}{rival.carrier}", one.minus(other).interval())
        rows.append(row)
    return rows
