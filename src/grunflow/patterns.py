"""Regular expressions for the rules."""

import re
from collections.abc import Iterable
from typing import Any

NOTHING = "-"  # matches no path of a result
END = ""  # key in a tree: a word ends here
PART = re.compile(r"(?<=[/_])")  # words are cut behind these


def any_of(words: Iterable[str]) -> str:
    """A pattern that these words match, and nothing else; for none one that no path matches.

    By a tree of their parts, whose equal branches are written once: Snakemake reads a pattern's text again for every job of its rule,
    and what is named by a product (objective, carrier, seed, condition) need not be spelt out for each.
    """
    tree: dict[str, Any] = {}
    for word in words:
        node = tree
        for part in PART.split(word):
            node = node.setdefault(part, {})
        node[END] = {}
    return _pattern(tree) or NOTHING


def _pattern(node: dict[str, Any]) -> str:
    """What may follow."""
    before: dict[str, list[str]] = {}  # what may follow a part -> the parts
    for part, below in node.items():
        if part != END:
            before.setdefault(_pattern(below), []).append(re.escape(part))
    ways = [_one_of(parts) + rest for rest, parts in before.items()]
    return f"(?:{'|'.join(ways)})?" if END in node and ways else _one_of(ways)


def _one_of(ways: list[str]) -> str:
    return f"(?:{'|'.join(ways)})" if len(ways) > 1 else "".join(ways)
