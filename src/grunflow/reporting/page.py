"""The report: one HTML page that needs no network."""

import base64
from pathlib import Path

import jinja2
import pandas as pd
from markupsafe import Markup

from grunflow.reporting import wmdp
from grunflow.reporting.tables import model_note, readable

TEMPLATE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{{ title }}</title>
<style>
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 70rem; margin: auto; padding: 1rem; }
.note { border-left: .3rem solid #d55e00; padding: .3rem .8rem; font-weight: 600; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; font-size: .8rem; white-space: nowrap; }
th, td { text-align: left; padding: .2rem .6rem; border-bottom: 1px solid #8886; }
img { max-width: 100%; background: white; }
figure { margin: 1rem 0; max-width: 45rem; } figcaption { font-size: .85rem; }
</style>
<h1>{{ title }}</h1>
<p class="note">{{ note }}</p>
<h2>What came out</h2>
<ul>{% for sentence in sentences %}<li>{{ sentence }}</li>{% endfor %}</ul>
<h2>TOFU</h2>
<div class="scroll">{{ main }}</div>
<p>Mean over seeds [95 % interval]. Forget Quality: median p-value (range over seeds); it says how far the
unlearned model's Truth Ratio on the forget set is from the retain model's. All columns: tables/tofu_main.csv.</p>
{% if wmdp %}<h2>WMDP</h2>
<div class="scroll">{{ wmdp }}</div>
<p>{{ wmdp_caption }} All columns: tables/wmdp_main.csv.</p>
{% endif %}<h2>Figures</h2>
{% for name, said, data in figures %}<figure><img alt="{{ name }}" src="data:image/png;base64,{{ data }}">
<figcaption>{{ name }}. {{ said }}</figcaption></figure>{% endfor %}
<h2>Cost</h2>
<div class="scroll">{{ cost }}</div>
</html>
"""


def sentences(table: pd.DataFrame) -> list[str]:
    """What the table says, row by row, good or bad, beside the target model of the same block."""

    def variant(row) -> str:
        return f" ({row.variant})" if getattr(row, "variant", "") else ""

    found = []
    for _, block in table.groupby(["model", "split"], sort=False):
        target = block[block.objective == "target"].iloc[0]
        for row in block[block.carrier != ""].itertuples():
            found.append(
                f"{row.objective.upper()} on {row.carrier}{variant(row)}: forget Probability {target.forget_probability:.3f} → "
                f"{row.forget_probability:.3f}, Model Utility {target.model_utility:.3f} → {row.model_utility:.3f}, "
                f"Forget Quality p = {row.forget_quality:.1e} ({row.seeds} seeds)."
            )
    return found


def wmdp_sentences(table: pd.DataFrame) -> list[str]:
    """The same for the WMDP part, task by task, beside the untouched model."""
    found = []
    for row in table[table.carrier != ""].to_dict("records"):
        parts = [
            f"{task} {row[f'{task}_accuracy'] - row[f'{task}_change']:.3f} → {row[f'{task}_accuracy']:.3f}"
            for task in wmdp.tasks_of(table)
        ]
        found.append(
            f"{row['objective'].upper()} on {row['carrier']}: accuracy {', '.join(parts)} ({row['seeds']} seeds)."
        )
    return found


def _html(table: pd.DataFrame) -> Markup:
    return Markup(table.to_html(index=False, border=0, na_rep=""))


def render(
    title: str,
    origin: str,
    main: pd.DataFrame,
    cost: pd.DataFrame,
    figures: list[Path],
    answered: tuple[pd.DataFrame, str] | None = None,
) -> str:
    """The whole page.

    Args:
        origin: what made the numbers, in a sentence.
        main, cost: tables tofu_main and efficiency.
        figures: PNG files, embedded.
        answered: table wmdp_main and what made it, where the study has that part.
    """
    note = model_note(main, origin)
    pictures = [
        (
            path.stem.replace("_", " "),
            f"{answered[1]}." if answered and path.stem.startswith("wmdp") else note,
            base64.b64encode(path.read_bytes()).decode(),
        )
        for path in figures
    ]
    return (
        jinja2.Environment(autoescape=True)
        .from_string(TEMPLATE)
        .render(
            title=title,
            note=note,
            sentences=sentences(main) + (wmdp_sentences(answered[0]) if answered else []),
            wmdp=_html(wmdp.readable(answered[0])) if answered else None,
            wmdp_caption=wmdp.caption(*answered) if answered else None,
            main=_html(readable(main)),
            cost=_html(cost.round(4)),
            figures=pictures,
        )
    )
