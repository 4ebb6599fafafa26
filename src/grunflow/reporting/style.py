"""How figures look: one place. Sized for one column of a two-column page; colours are Okabe and Ito's, safe for
colour-blind readers, and never alone: objectives have markers, carriers also line styles."""

import textwrap
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import LogFormatterSciNotation, LogLocator, NullFormatter

COLUMN_INCHES = 3.3
COLOURS = {"full": "#D55E00", "lora": "#0072B2", "reft": "#CC79A7", "grun": "#009E73", "": "#000000"}
LINES: dict[str, Any] = {"full": "--", "lora": ":", "reft": "-.", "grun": "-", "": "-"}
MARKERS = {
    "ga": "v",
    "gd": "o",
    "kl": "<",
    "idk": "s",
    "dpo": "D",
    "npo": "^",
    "simnpo": ">",
    "undial": "X",
    "rmu": "H",
    "target": "*",
    "base": "p",
    "retain": "P",
}
SETS = {"forget": "#D55E00", "retain": "#009E73", "real_authors": "#56B4E9", "world_facts": "#0072B2"}
HATCHES = {"forget": "", "retain": "///", "real_authors": "...", "world_facts": "xxx"}
GREY = "#777777"
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


def figure(rows: int = 1, columns: int = 1, height_inches: float = 2.7, **options: Any):
    plt.rcParams.update(SETTINGS)  # type: ignore[arg-type]
    return plt.subplots(rows, columns, figsize=(COLUMN_INCHES, height_inches), **options)


def save(fig, stem: Path, note: str) -> None:
    """PDF and PNG with what made the numbers below; without dates, so that equal data give equal bytes."""
    fig.supxlabel(textwrap.fill(note, 76), fontsize=6, x=0.01, ha="left", color="#333333")
    fig.savefig(stem.with_suffix(".pdf"), metadata={"CreationDate": None})
    fig.savefig(stem.with_suffix(".png"), metadata={"Software": None})
    plt.close(fig)


def method_legend(fig, objectives: Iterable[str], carriers: Iterable[str]) -> None:
    """Markers say the objective, colours the carrier."""
    handles = [
        Line2D([], [], marker=MARKERS[name], color=COLOURS[""], linestyle="", markersize=5, label=shown(name))
        for name in dict.fromkeys(objectives)
    ]
    handles += [
        Line2D([], [], color=COLOURS[name], linestyle=LINES[name], label=name)
        for name in dict.fromkeys(carriers)
        if name
    ]
    fig.legend(handles=handles, loc="outside upper center", ncols=min(len(handles), 4))


def carrier_legend(fig, carriers: Iterable[str]) -> None:
    handles = [Line2D([], [], color=COLOURS[name], linestyle=LINES[name], label=name) for name in carriers]
    fig.legend(handles=handles, loc="outside upper center", ncols=len(handles))


def shown(objective: str) -> str:
    """Objectives are abbreviations, models are not."""
    return f"{objective} model" if objective in ("target", "retain", "base") else objective.upper()


def logarithmic(axis) -> None:
    """Labels of a logarithmic axis, at least a decade wide: below that matplotlib would crowd it with linear ones.

    To be called when all is drawn.
    """
    lo, hi = axis.get_view_interval()
    wider = max(1.0, np.sqrt(11 * lo / hi))
    axis.set_view_interval(lo / wider, hi * wider, ignore=True)
    axis.set_major_locator(LogLocator(subs=(1, 3), numticks=5))
    axis.set_major_formatter(LogFormatterSciNotation(labelOnlyBase=False, minor_thresholds=(np.inf, np.inf)))
    axis.set_minor_formatter(NullFormatter())


def empty(axes, text: str) -> None:
    axes.text(0.5, 0.5, text, ha="center", transform=axes.transAxes)
