"""How figures look: one place. Sized for one column of a two-column page; colours are Okabe and Ito's, safe for
colour-blind readers, and never alone: objectives have markers, carriers also line styles.

What a name looks like follows from its place in the study, so that a method of any name is drawn.
"""

import math
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from grunflow.benchmarks.base import REFERENCES
from grunflow.reporting.entries import CAPTION

COLUMN_INCHES = 3.3
LEGEND_INCHES = 0.4  # what the legend takes, once in a figure
LEGEND_LINE_INCHES = 0.16
CAPTION_CHARACTERS, CAPTION_LINE_INCHES = 84, 0.085  # of a caption at 5 points
PANELS_IN_A_ROW = 4
BLACK, GREY = "#000000", "#777777"
# Of different numbers without a common divisor, so that thirty carriers differ in one or the other.
COLOURS = ("#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
LINES: tuple[Any, ...] = ("--", ":", "-", "-.", (0, (5, 1, 1, 1, 1, 1)))
MARKERS = ("o", "s", "^", "H", "v", "D", "<", ">", "X", "d", "8")
REFERENCE_MARKERS = dict(zip(REFERENCES, ("*", "P", "p"), strict=True))
# Sets of questions: face and hatch. No carrier has these colours (of Tol's muted ones).
FILLS = (
    ("#882255", ""),
    ("#DDAADD", "\\\\\\"),
    ("#DDCC77", "///"),
    ("#BBBBBB", "..."),
    ("#332288", "xxx"),
    ("#999933", "---"),
)
SETTINGS: dict[str, Any] = {
    "font.size": 8,
    "axes.labelsize": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    # TrueType, embedded: publishers refuse Type 3.
    "pdf.fonttype": 42,
    "figure.dpi": 300,
    "legend.frameon": False,
    "legend.fontsize": 7,
    "legend.handletextpad": 0.4,
    "legend.columnspacing": 1.0,
    "lines.linewidth": 1.2,
    "hatch.linewidth": 0.4,
    "figure.constrained_layout.use": True,
}


@dataclass(frozen=True)
class Looks:
    """What the objectives and carriers of a study look like.

    Args:
        objectives, carriers: names in the study's order; reference models among them have looks of their own.
        captions: whether a picture holds its caption, to stand alone.
    """

    objectives: tuple[str, ...]
    carriers: tuple[str, ...]
    captions: bool = False

    @classmethod
    def of(cls, methods: Iterable[tuple[str, str]], captions: bool = False) -> "Looks":
        """The looks of (objective, carrier) pairs, in the order in which they are met; a reference model has no carrier."""
        trained = [(objective, carrier) for objective, carrier in methods if carrier]
        objectives, carriers = (tuple(dict.fromkeys(pair[place] for pair in trained)) for place in (0, 1))
        return cls(objectives, carriers, captions)

    def marker(self, objective: str) -> str:
        if objective in REFERENCE_MARKERS:
            return REFERENCE_MARKERS[objective]
        place = self.objectives.index(objective)
        return MARKERS[place] if place < len(MARKERS) else f"${place + 1}$"

    def colour(self, carrier: str) -> str:
        return COLOURS[self.carriers.index(carrier) % len(COLOURS)] if carrier else BLACK

    def line(self, carrier: str) -> Any:
        return LINES[self.carriers.index(carrier) % len(LINES)] if carrier else "-"


def fill(place: int) -> tuple[str, str]:
    """Face and hatch of the set at this place."""
    return FILLS[place % len(FILLS)]


def panels(models: Sequence[str], columns: int = 1, height_inches: float = 2.7, **options: Any):
    """A figure with a row of panels per model, and its panels as rows; of one model as high as said. Many panels in a row take both
    columns of a page."""
    plt.rcParams.update(SETTINGS)  # type: ignore[arg-type]
    height = height_inches + (len(models) - 1) * (height_inches - LEGEND_INCHES)
    width = COLUMN_INCHES * (1 if columns <= PANELS_IN_A_ROW else 2)
    return plt.subplots(len(models), columns, figsize=(width, height), squeeze=False, **options)


def label(text: str, model: str, models: Sequence[str]) -> str:
    """The text beside an axis; it names the model where each has panels of its own."""
    return text if len(models) == 1 else f"{model}\n{text}"


class Panels(NamedTuple):
    """A figure with a panel per model and objective.

    Attributes:
        of: (model, objective) -> its panel.
    """

    fig: Any
    of: dict[tuple[str, str], Any]
    models: Sequence[str]

    def name_axes(self, across: str, up: str) -> None:
        """`up` beside the first panel of every model, `across` once, below the middle of the last row."""
        for model in self.models:
            first = next(axes for (name, _), axes in self.of.items() if name == model)
            first.set_ylabel(label(up, model, self.models))
        last = [axes for axes in self.of.values() if axes.get_subplotspec().is_last_row()]
        last[len(last) // 2].set_xlabel(across)


def by_objective(models: Sequence[str], objectives: Sequence[str], height_inches: float, **options: Any) -> Panels:
    """A row of panels per model, named by their objectives; a row that would be too long goes on in the next."""
    wide = min(len(objectives), PANELS_IN_A_ROW)
    lines = math.ceil(len(objectives) / wide)
    rows = [model for model in models for _ in range(lines)]
    fig, grid = panels(rows, wide, height_inches, **options)
    found = {
        (model, objective): grid[lines * row + place // wide, place % wide]
        for row, model in enumerate(models) for place, objective in enumerate(objectives)
    }  # fmt: skip
    for axes in set(grid.flat) - set(found.values()):
        axes.set_visible(False)
    for (model, objective), axes in found.items():
        if lines > 1 or model == models[0]:
            axes.set_title(shown(objective), fontsize=8)
    return Panels(fig, found, models)


def save(fig, stem: Path, note: str, looks: Looks) -> None:
    """PDF and PNG; without dates, so that equal data give equal bytes. The caption stands in the files' metadata
    (reporting/page.py reads it) and beside the figure in the report; in the picture only where that is to stand alone."""
    if looks.captions:
        lines = textwrap.wrap(note, CAPTION_CHARACTERS)
        fig.set_figheight(fig.get_figheight() + len(lines) * CAPTION_LINE_INCHES)
        fig.supxlabel("\n".join(lines), fontsize=5, x=0.02, ha="left")
    fig.savefig(stem.with_suffix(".pdf"), metadata={"CreationDate": None, "Subject": note})
    fig.savefig(stem.with_suffix(".png"), metadata={"Software": None, CAPTION: note})
    plt.close(fig)


def method_legend(
    fig, looks: Looks, objectives: Iterable[str], carriers: Iterable[str], more: Sequence[Any] = (), lines: bool = True
) -> None:
    """Markers say the objective, colours the carrier; with `lines` its line style too. more: what else is drawn."""
    handles: list[Any] = [
        Line2D([], [], marker=looks.marker(name), color=BLACK, linestyle="", markersize=5, label=shown(name))
        for name in dict.fromkeys(objectives)
    ]
    coloured = carrier_handles(looks, carriers) if lines else carrier_patches(looks, carriers)
    legend(fig, [*handles, *coloured, *more])


def carrier_legend(fig, looks: Looks, carriers: Iterable[str], more: Sequence[Any] = ()) -> None:
    """Lines of the carriers, and what else is drawn."""
    legend(fig, [*carrier_handles(looks, carriers), *more])


def legend(fig, handles: Sequence[Any], columns: int = 4) -> None:
    """Above the panels, which stay as high as they are where it is long."""
    lines = math.ceil(len(handles) / columns)
    fig.set_figheight(fig.get_figheight() + max(0, lines - 2) * LEGEND_LINE_INCHES)
    fig.legend(handles=handles, loc="outside upper center", ncols=max(1, min(len(handles), columns)))


def carrier_handles(looks: Looks, carriers: Iterable[str]) -> list[Line2D]:
    return [
        Line2D([], [], color=looks.colour(name), linestyle=looks.line(name), label=name)
        for name in dict.fromkeys(carriers) if name
    ]  # fmt: skip


def carrier_patches(looks: Looks, carriers: Iterable[str]) -> list[Patch]:
    """Where points are drawn, and no line."""
    return [Patch(color=looks.colour(name), label=name) for name in dict.fromkeys(carriers) if name]


def interval_point(axes, row: dict[Any, Any], figure: str, height: float, marker: str, colour: str) -> None:
    """A figure of a table's row with its interval, at a height; nothing where it is not known."""
    value, lo, hi = (row[f"{figure}{end}"] for end in ("", "_lo", "_hi"))
    if not np.isnan(value):
        reach = np.nan_to_num([[value - lo], [hi - value]]).clip(0)
        axes.errorbar(
            value, height, xerr=reach, marker=marker, linestyle="", color=colour, markersize=3.5, elinewidth=0.6
        )


def beside(place: int, many: int) -> float:
    """How far from the middle of its row, one high, the point `place` of `many` lies."""
    return 0.8 * ((place + 0.5) / many - 0.5)


def lines_between_rows(axes, count: int) -> None:
    for between in range(1, count):
        axes.axhline(between - 0.5, color=GREY, linewidth=0.3)


def interval_handle() -> Line2D:
    """What the bars of a point are."""
    return Line2D([], [], marker="|", color=GREY, linewidth=0.8, markersize=5, label="95 % interval")


def shown(objective: str) -> str:
    """Objectives are abbreviations, models are not."""
    return f"{objective} model" if objective in REFERENCES else objective.upper()


def logarithmic(axes, labels: int = 4) -> None:
    """A logarithmic x axis, at least a decade wide, with at most so many labels; to be called when all is drawn."""
    axes.set_xscale("log")
    lo, hi = axes.get_xlim()
    wider = max(1.0, np.sqrt(11 * lo / hi))
    lo, hi = lo / wider, hi * wider
    axes.set_xlim(lo, hi)
    decades = range(int(np.floor(np.log10(lo))), int(np.ceil(np.log10(hi))) + 1)
    ticks = [first * 10.0**decade for decade in decades for first in (1, 3) if lo <= first * 10.0**decade <= hi]
    if len(ticks) > labels:
        ticks = [tick for tick in ticks if np.log10(tick).is_integer()]
    ticks = ticks[:: math.ceil(len(ticks) / labels)]
    axes.set_xticks(ticks, [f"{tick:g}" if 1e-3 < tick < 1e4 else f"{tick:.0e}".replace("e+", "e") for tick in ticks])
    axes.set_xticks([], minor=True)


def empty(axes, text: str) -> None:
    axes.text(0.5, 0.5, text, ha="center", transform=axes.transAxes)
