"""How figures look: one place. Colours are Okabe and Ito's, safe for colour-blind readers."""

import textwrap
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

COLOURS = {"full": "#D55E00", "lora": "#0072B2", "reft": "#CC79A7", "grun": "#009E73", "": "#000000"}
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
SETTINGS: dict[str, Any] = {
    "font.size": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "pdf.fonttype": 42,
    "figure.dpi": 200,
    "legend.frameon": False,
    "legend.fontsize": 7,
    "figure.constrained_layout.use": True,
}


def figure(width_inches: float = 4.2, height_inches: float = 3.0):
    plt.rcParams.update(SETTINGS)  # type: ignore[arg-type]
    return plt.subplots(figsize=(width_inches, height_inches))


def save(fig, stem: Path) -> None:
    """PDF and PNG; without dates, so that equal data give equal bytes."""
    fig.savefig(stem.with_suffix(".pdf"), metadata={"CreationDate": None})
    fig.savefig(stem.with_suffix(".png"), metadata={"Software": None})
    plt.close(fig)


def note(axes, text: str) -> None:
    """What made the numbers, above the axes; wrapped to their width, so that it does not run into the legend."""
    axes.set_title(textwrap.fill(text, 58), fontsize=5.5, loc="left")
