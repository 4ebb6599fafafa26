"""How figures look: one place. Sized for one column of a two-column page; colours are Okabe and Ito's, safe for
colour-blind readers, and never alone: objectives have markers, carriers also line styles."""

import math
import textwrap
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.lines import Line2D

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
SETS = {
    "forget": "#D55E00",
    "paraphrased": "#CC79A7",
    "retain": "#009E73",
    "real_authors": "#56B4E9",
    "world_facts": "#0072B2",
}
HATCHES = {"forget": "", "paraphrased": "\\\\\\", "retain": "///", "real_authors": "...", "world_facts": "xxx"}
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
