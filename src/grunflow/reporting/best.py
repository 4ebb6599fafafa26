"""Which carrier is best beyond noise: bold in a table means nothing less."""

from collections.abc import Mapping
from typing import TypeVar

from grunflow.reporting.intervals import Sample

BOLD = (
    "Bold: the carrier whose paired difference to every other carrier of its objective excludes 0; where a figure is to come "
    "near a model's, the difference of distances from it"
)

Name = TypeVar("Name")


def clear_best(samples: Mapping[Name, Sample], lower_is_better: bool) -> Name | None:
    """The one whose paired 95 % interval against every other lies on the better side of 0; None where noise decides, and of
    one seed, whose intervals say nothing of another."""
    sign = -1.0 if lower_is_better else 1.0
    if any(len(sample.per_seed) < 2 for sample in samples.values()):
        return None
    for name, sample in samples.items():
        rivals = [sample.minus(other).interval() for rival, other in samples.items() if rival != name]
        if rivals and all(min(sign * rival.lo, sign * rival.hi) > 0 for rival in rivals):
            return name
    return None
