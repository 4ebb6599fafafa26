"""Figures of a method minus those of the same objective on other carriers, paired: columns <figure>_minus_<carrier>."""

from collections.abc import Callable, Mapping

import pandas as pd

from grunflow.benchmarks.base import EXTERNAL
from grunflow.reporting.forms import put
from grunflow.reporting.intervals import Sample
from grunflow.reporting.samples import Method, Samples, with_shared_seeds

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


def minus_rivals(
    groups: Groups, read: Reader, rivals: Callable[[Groups], Rivals] = same_otherwise
) -> list[dict[str, float]]:
    """A row per method: what `read` tells of its runs minus what it tells of each rival's, over the seeds that both have, with _lo
    and _hi."""
    whole, against = {method: read(method, group) for method, group in groups.items()}, rivals(groups)
    rows = []
    for method in groups:
        row: dict[str, float] = {}
        for rival in against.get(method, []):
            shared = with_shared_seeds({item: groups[item] for item in (method, rival)})
            mine, theirs = (
                whole[item] if len(own) == len(groups[item]) else read(item, own) if len(own) else {}
                for item, own in shared.items()
            )
            for name, one in mine.items():
                other = theirs.get(name)
                if isinstance(one, Sample) and isinstance(other, Sample):
                    put(row, f"{name}{MINUS}{rival.carrier}", one.minus(other).interval())
        rows.append(row)
    return rows
