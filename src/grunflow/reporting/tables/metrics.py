"""Table metrics: what each metric itself is worth (reporting/worth.py)."""

from collections.abc import Sequence

import pandas as pd

from grunflow.reporting.forms import Table, figure_column, put, stacked, without_empty
from grunflow.reporting.intervals import Interval
from grunflow.reporting.results import Results, notes
from grunflow.reporting.worth import judged, references, relearnt, rounded, told_apart

AREA, OVER = "auroc", "over"
RELEARNING, ROUNDED = "relearning_", "quantised_"
COLUMNS = [
    "model",
    "split",
    "metric",
    "title",
    AREA,
    f"{AREA}_lo",
    f"{AREA}_hi",
    OVER,
    "with_knowledge",
    "without_knowledge",
]
UNKNOWN = Interval(*(float("nan"),) * 3)
SAID = (
    "What each figure of the forget set is worth. AUROC: how often a target model, which learnt it, shows more by this figure than a retain "
    "model, which did not; of one seed, how often a question does [95 % interval over questions, where not all pairs say the same]. "
    "Robust under an attack: what the retain model gains by it as a share of what a run gains, at most 1; under rounding: what is known before "
    "as a share of what is known after, at most 1; mean over runs [smallest, largest]. Near 1 the figure had hidden nothing."
)


def metrics_table(attacks: Sequence[str], grids: Sequence[str], *results: Results) -> Table:
    """metrics as it is written. attacks: that teach what was forgotten; grids: conditions that round weights."""
    return stacked({item.name: of_benchmark(item, attacks, grids) for item in results}, f"{SAID} {notes(results)}")


def of_benchmark(results: Results, attacks: Sequence[str], grids: Sequence[str]) -> Table:
    """The part of one benchmark, a row per model and figure."""
    rows = []
    for model, split, targets, retained in references(results):
        for column in judged(results):
            apart = told_apart(results, targets, retained, column)
            if apart is not None:
                row: dict[str, str | float] = {
                    "model": model,
                    "split": split,
                    "metric": column.name,
                    "title": column.title,
                    OVER: apart.over,
                }
                row |= {"with_knowledge": len(targets), "without_knowledge": len(retained)}
                put(row, AREA, apart.area)
                for name in attacks:
                    put(row, f"{RELEARNING}{name}", relearnt(results, model, name, column) or UNKNOWN)
                for name in grids:
                    put(row, f"{ROUNDED}{name}", rounded(results, model, name, column) or UNKNOWN)
                rows.append(row)
    more = [f"{name}{end}" for name in tried(attacks, grids) for end in ("", "_lo", "_hi")]
    tidy = without_empty(pd.DataFrame(rows, columns=[*COLUMNS, *more]))
    shown = tidy[["model", "title"]].rename(columns={"model": "Model", "title": "Figure"})
    shown["AUROC, target against retain"], shown["Over"] = figure_column(tidy, AREA), tidy[OVER]
    for name, heading in tried(attacks, grids).items():
        shown[heading] = figure_column(tidy, name, ".2f")
    return Table(tidy, shown, "")


def tried(attacks: Sequence[str], grids: Sequence[str]) -> dict[str, str]:
    """Column of how robust a figure is -> heading."""
    named = {f"{kind}{name}": name for kind, names in ((RELEARNING, attacks), (ROUNDED, grids)) for name in names}
    return {column: f"Robust under {name.replace('_', ' ')}" for column, name in named.items()}
