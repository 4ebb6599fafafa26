"""What a study trained, each method's part in the words of its own file."""

import ast
from collections.abc import Sequence

from grunflow.config.facts import CARRIER, OBJECTIVE, Kind, file_of, names, tree
from grunflow.reporting.results import Results

Said = list[tuple[str, str]]  # a name of the study, what its file says it is


def methods(results: Sequence[Results]) -> dict[str, Said]:
    """Objectives and carriers by the study's names, in its order; of a method from outside the package nothing is said."""
    trained = [rows[rows["carrier"] != ""] for rows in (item.metrics for item in results)]
    objectives = dict.fromkeys(name for rows in trained for name in rows["objective"])
    carriers = {
        name: kind for rows in trained for name, kind in zip(rows["carrier"], rows["carrier_kind"], strict=True)
    }
    return {
        "objectives": [(name, said_of(OBJECTIVE, name)) for name in objectives],
        "carriers": [(name, said_of(CARRIER, kind)) for name, kind in carriers.items()],
    }


def said_of(kind: Kind, name: str) -> str:
    """The first sentence of a part's file, without its name."""
    if name not in names(kind):
        return ""
    first = (ast.get_docstring(tree(file_of(kind, name))) or "").split("\n")[0].rstrip(".")
    return first.split(": ", 1)[-1]
