"""Which rows of a file are read, where a spec picks some."""

import random
from collections.abc import Sequence

from grunflow.config.sets import Picked


def places(picked: Picked | None, total: int) -> Sequence[int]:
    """Places of the picked rows among `total`, rising. Some of a part are drawn, always alike, and not spaced evenly as questions are
    (`evenly`): by equal spacing an attacker could be taught just what is asked, or nothing of it."""
    if picked is None:
        return range(total)
    first, last = (total * part // picked.parts for part in (picked.first, picked.last))
    part = range(first, last)
    if picked.rows is None or picked.rows >= len(part):
        return part
    return sorted(random.Random(0).sample(part, picked.rows))


def evenly(count: int | None, total: int) -> Sequence[int]:
    """So many places among `total`, as far apart from the first to the last as can be; all where there are no more, or for None."""
    if count is None or count >= total:
        return range(total)
    return [total * number // count for number in range(count)]
