"""Tables: tidy CSV for machines, Markdown and LaTeX (booktabs) for people."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from grunflow.data.splits import EVALUATION_SETS
from grunflow.evaluation.aggregate import METRICS
from grunflow.reporting.intervals import Interval, interval, median_and_range, seed_interval

IDENTITY = ["model", "forget_split", "objective", "carrier", "variant"]
# Figures of a run without a per-question form, where a run has them.
PER_RUN = (
    "gate_auroc",
    "forget_exact_memorisation",
    "forget_extraction_strength",
    "mia_loss",
    "mia_min_k",
    "mia_min_k_pp",
    "mia_zlib",
)
SHOWN = {
    "forget_rougeL": "Forget ROUGE-L",
    "forget_probability": "Forget Prob.",
    "retain_rougeL": "Retain ROUGE-L",
    "retain_probability": "Retain Prob.",
    "forget_truth_ratio": "Forget TR",
    "model_utility": "Model Utility",
    "ks_statistic": "KS",
}


def tofu_main(metrics: pd.DataFrame, questions: pd.DataFrame) -> pd.DataFrame:
    """One row per model, split, objective and carrier; a `_lo` and `_hi` beside each figure (95 %)."""
    rows = []
    for identity, group in metrics.groupby(IDENTITY, sort=False):
        row: dict = dict(zip(("model", "split", "objective", "carrier", "variant"), identity, strict=True))
        row["seeds"] = len(group)
        mine = questions[questions["run"].isin(group["run"])]
        for name in EVALUATION_SETS:
            of_set = mine[mine["set"] == name]
            for metric in (*METRICS, "truth_ratio_grun"):
                scores = of_set.pivot(index="run", columns="index", values=metric).to_numpy()
                _put(row, f"{name}_{metric}", interval(scores))
            if f"{name}_gate" in group and group[f"{name}_gate"].notna().all():
                _put(row, f"{name}_gate", seed_interval(group[f"{name}_gate"].to_numpy()))
        for name in PER_RUN:
            if name in group and group[name].notna().all():
                _put(row, name, seed_interval(group[name].to_numpy()))
        _put(row, "model_utility", seed_interval(group["model_utility"].to_numpy()))
        _put(row, "ks_statistic", seed_interval(group["ks_statistic"].to_numpy()))
        _put(row, "forget_quality", median_and_range(group["forget_quality"].to_numpy()))
        row |= {key: int(group[key].iloc[0]) for key in ("n_unlearned", "n_retain", "model_parameters")}
        rows.append(row)
    table = pd.DataFrame(rows)
    last = ["n_unlearned", "n_retain", "model_parameters"]
    if not table["variant"].any():  # only a tuning study has variants
        table = table.drop(columns="variant")
    return table[[column for column in table if column not in last] + last]


def _put(row: dict, name: str, figure: Interval) -> None:
    row[name], row[f"{name}_lo"], row[f"{name}_hi"] = figure


def efficiency(per_run: pd.DataFrame) -> pd.DataFrame:
    """Means over seeds of what training cost; reference rows are whole fine-tuning runs."""
    grouped = per_run.groupby(["model", "objective", "carrier", "variant"], sort=False)
    table = grouped[["trained_parameters", "model_parameters", "steps", "tokens"]].first()
    table["trained_fraction"] = table["trained_parameters"] / table["model_parameters"]
    table["train_seconds"] = grouped["seconds"].mean()
    table["train_cpu_seconds"] = grouped["cpu_seconds"].mean()
    table["peak_memory_bytes"] = grouped["peak_memory_bytes"].max()
    table["seeds"] = grouped.size()
    table = table.reset_index()
    return table if table["variant"].any() else table.drop(columns="variant")


def readable(table: pd.DataFrame) -> pd.DataFrame:
    """The columns that people read, as `mean [lo, hi]`; Forget Quality as a median p-value with its range."""
    short = pd.DataFrame({"Model": table.model, "Objective": table.objective, "Carrier": table.carrier})
    if "variant" in table:
        short["Variant"] = table.variant
    for column, title in SHOWN.items():
        short[title] = [
            f"{mean:.3f}" if pd.isna(lo) else f"{mean:.3f} [{lo:.3f}, {hi:.3f}]"
            for mean, lo, hi in zip(table[column], table[f"{column}_lo"], table[f"{column}_hi"], strict=True)
        ]
    short["Forget Quality (p)"] = [
        f"{p:.1e}" if lo == hi else f"{p:.1e} ({lo:.1e} to {hi:.1e})"
        for p, lo, hi in zip(table.forget_quality, table.forget_quality_lo, table.forget_quality_hi, strict=True)
    ]
    short["Seeds"] = table.seeds
    return short


def model_note(table: pd.DataFrame, origin: str) -> str:
    """Which model made it, in every caption: nobody is to read a tiny study as the paper's result.

    Args:
        origin: sentence of the spec, from config.runs.origin.
    """
    sizes = ", ".join(
        f"{row.model}: {row.model_parameters:,} parameters" for row in table.drop_duplicates("model").itertuples()
    )
    return f"{origin} ({sizes})."


def markdown(table: pd.DataFrame, caption: str) -> str:
    rows = [table.columns, ["---"] * len(table.columns), *table.astype(str).to_numpy()]
    return f"{caption}\n\n" + "".join("| " + " | ".join(row) + " |\n" for row in rows)


def latex(table: pd.DataFrame, caption: str) -> str:
    """A booktabs table that stands alone in a document with the package booktabs."""

    def escaped(text: str) -> str:
        return text.replace("\\", r"\textbackslash ").replace("_", r"\_").replace("%", r"\%").replace("&", r"\&")

    body = [" & ".join(escaped(str(cell)) for cell in row) + r" \\" for row in table.to_numpy()]
    head = " & ".join(escaped(column) for column in table.columns) + r" \\"
    lines = [
        r"\begin{table}",
        r"\centering\small",
        rf"\caption{{{escaped(caption)}}}",
        rf"\begin{{tabular}}{{{'l' * len(table.columns)}}}",
        r"\toprule",
        head,
        r"\midrule",
        *body,
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def write(table: pd.DataFrame, shown: pd.DataFrame, caption: str, stem: Path, formats: tuple[str, ...]) -> None:
    """`table` as CSV; the reader's form of it, `shown`, as Markdown and LaTeX."""
    writers: dict[str, Callable[[], str]] = {
        "csv": lambda: table.to_csv(index=False),
        "md": lambda: markdown(shown, caption),
        "tex": lambda: latex(shown, caption),
    }
    for form in formats:
        stem.with_suffix(f".{form}").write_text(writers[form]())
