"""Which rows of a file are read, where a spec picks some."""

from grunflow.config.sets import Picked


def places(picked: Picked | None, total: int) -> range:
    """Places of the picked rows among `total`."""
    if picked is None:
        return range(total)
    first, last = (total * part // picked.parts for part in (picked.first, picked.last))
    step = max(1, (last - first) // picked.rows) if picked.rows else 1
    return range(first, last, step)[: picked.rows]
