"""Regular expressions for the rules."""

import re
from collections.abc import Iterable
from typing import Any

NOTHING = "-"  # matches no path of a result
END = ""  # key in a tree: a word ends here


def any_of(words: Iterable[str]) -> str:
    """A pattern that these words match, and nothing else; for none one that no path matches.

    By a tree of their beginnings: of an alternation as they stand thousands would be tried, one by one, for every file of a study.
    """
    tree: dict[str, Any] = {}
    for word in words:
        node = tree
        for letter in word:
            node = node.setdefault(letter, {})
        node[END] = {}
    return _pattern(tree) or NOTHING


def _pattern(node: dict[str, Any]) -> str:
    """What may follow."""
    ways = []
    for letter, below in node.items():
        if letter == END:
            continue
        text = letter
        while len(below) == 1 and END not in below:
            ((following, below),) = below.items()
            text += following
        ways.append(re.escape(text) + _pattern(below))
    if not ways:
        return ""
    if END in node:
        return f"(?:{'|'.join(ways)})?"
    return ways[0] if len(ways) == 1 else f"(?:{'|'.join(ways)})"
