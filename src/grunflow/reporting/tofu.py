"""Table tofu_main, and the paired differences between carriers that its bold cells and the claims rest on."""

from itertools import combinations

import pandas as pd

from grunflow.data.splits import EVALUATION_SETS
from grunflow.reporting.best import BOLD, clear_best
from grunflow.reporting.forms import Cell, Table, figure_column, put
from grunflow.reporting.intervals import METHOD as INTERVALS
from grunflow.reporting.intervals import Sample, median_and_range
from grunflow.reporting.samples import METHOD, by_method

# What people read, and whether less of it is better.
SHOWN = {
    "forget_rougeL": ("Forget ROUGE-L ↓", True),
    "forget_probability": ("Forget Prob. ↓", True),
    "retain_rougeL": ("Retain ROUGE-L ↑", False),
    "retain_probability": ("Retain Prob. ↑", False),
    "forget_truth_ratio": ("Forget TR ↑", False),
    "model_utility": ("Model Utility ↑", False),
    "ks_statistic": ("KS ↓", True),
}
NAMES = ["model", "split", "objective", "carrier", "variant"]
# Of these each row holds one number, not a figure with an interval.
COUNTS = ["n_unlearned", "n_retain", "model_parameters"]
# Figures whose paired difference is of interest: what is forgotten, what is kept.
DIFFERENCES = (
    "forget_rougeL",
    "forget_probability",
    "retain_rougeL",
    "retain_probability",
    "model_utility",
    "ks_statistic",
)

Samples = dict[tuple[str, ...], dict[str, Sample]]


def tofu_main(metrics: pd.DataFrame, questions: pd.DataFrame) -> pd.DataFrame:
    """One row per model, split, objective and carrier; a `_lo` and `_hi` beside each figure (95 %)."""
    rows = []
    samples = by_method(metrics, questions)
    for identity, group in metrics.groupby(METHOD, sort=False):
        row: dict = dict(zip(NAMES, identity, strict=True))
        row["seeds"] = len(group)
        for name, sample in samples[identity].items():
            put(row, name, sample.interval())
        put(row, "forget_quality", median_and_range(group["forget_quality"].to_numpy()))
        row |= {key: int(group[key].iloc[0]) for key in COUNTS}
        row |= {
            f"{name}_questions": samples[identity][f"{name}_rougeL"].per_question[0].shape[1]
            for name in EVALUATION_SETS
        }
        rows.append(row)
    table = pd.DataFrame(rows)
    last = [*COUNTS, *(f"{name}_questions" for name in EVALUATION_SETS)]
    table = table[[column for column in table if column not in last] + last]
    return without_variant(table)


def without_variant(table: pd.DataFrame) -> pd.DataFrame:
    """Only a tuning study has variants."""
    return table if table["variant"].any() else table.drop(columns="variant")


def differences(metrics: pd.DataFrame, questions: pd.DataFrame) -> pd.DataFrame:
    """One row per model, split, objective and pair of carriers: figure of `carrier` minus that of `against`, paired by
    seed and question, with _lo and _hi. Of a pair, `carrier` is the one that comes later in the study's grid."""
    rows: list[dict] = []
    for (model, split, objective, variant), samples in _carriers(by_method(metrics, questions)).items():
        for against, carrier in combinations(samples, 2):
            row: dict = {"model": model, "split": split, "objective": objective, "variant": variant,
                         "carrier": carrier, "against": against}  # fmt: skip
            row["seeds"] = len(samples[carrier]["model_utility"].per_seed)
            for name in DIFFERENCES:
                put(row, name, samples[carrier][name].minus(samples[against][name]).interval())
            rows.append(row)
    columns = [*("model", "split", "objective", "variant", "carrier", "against", "seeds"),
               *(f"{name}{end}" for name in DIFFERENCES for end in ("", "_lo", "_hi"))]  # fmt: skip
    return without_variant(pd.DataFrame(rows, columns=columns))


def _carriers(samples: Samples) -> dict[tuple[str, ...], dict[str, dict[str, Sample]]]:
    """(model, split, objective, variant) -> carrier -> figures; reference models left out."""
    found: dict[tuple[str, ...], dict[str, dict[str, Sample]]] = {}
    for (model, split, objective, carrier, variant), figures in samples.items():
        if carrier:
            found.setdefault((model, split, objective, variant), {})[carrier] = figures
    return found


def bold(table: pd.DataFrame, samples: Samples) -> frozenset[Cell]:
    """Cells of the reader's table whose carrier is clearly best of its objective."""
    cells = set()
    for (model, split, objective, _), carriers in _carriers(samples).items():
        for name, (title, lower) in SHOWN.items():
            best = clear_best({carrier: figures[name] for carrier, figures in carriers.items()}, lower)
            mine = (table["model"] == model) & (table["split"] == split) & (table["objective"] == objective)
            cells |= {(int(place), title) for place in table.index[mine & (table["carrier"] == best)]}
    return frozenset(cells)


def table(metrics: pd.DataFrame, questions: pd.DataFrame, origin: str) -> Table:
    """tofu_main as it is written."""
    main = tofu_main(metrics, questions)
    shown = main[["model", "objective", "carrier"]].rename(columns=str.capitalize)
    if "variant" in main:
        shown["Variant"] = main["variant"]
    for name, (title, _) in SHOWN.items():
        shown[title] = figure_column(main, name)
    shown["Forget Quality (p) ↑"] = [_p_text(*row) for row in main[_ends("forget_quality")].to_numpy(dtype=float)]
    shown["Seeds"] = main["seeds"]
    cells = frozenset() if "variant" in main else bold(main, by_method(metrics, questions))
    return Table(main, shown, caption(main, origin), cells)


def _ends(name: str) -> list[str]:
    return [name, f"{name}_lo", f"{name}_hi"]


def _p_text(median: float, lo: float, hi: float) -> str:
    return f"{median:.1e}" if lo == hi else f"{median:.1e} ({lo:.1e} to {hi:.1e})"


def caption(main: pd.DataFrame, origin: str) -> str:
    row = main.iloc[0]
    counts = ", ".join(f"{name.replace('_', ' ')} {row[f'{name}_questions']}" for name in EVALUATION_SETS)
    return (
        f"TOFU. {model_note(main, origin)} Mean over seeds [95 % interval: {INTERVALS}; Model Utility's question part by its "
        f"gradient; KS from seeds alone]. Questions: {counts}. Forget Quality: median of log10 p (range over seeds) of the KS "
        f"test against the retain model, n = {row.n_unlearned} and {row.n_retain}. {BOLD}."
    )


def differences_table(metrics: pd.DataFrame, questions: pd.DataFrame, origin: str) -> Table:
    """tofu_differences as it is written."""
    found = differences(metrics, questions)
    shown = found[["model", "objective"]].rename(columns=str.capitalize)
    if "variant" in found:
        shown["Variant"] = found["variant"]
    shown["Difference"] = found["carrier"] + " − " + found["against"]
    cells = set()
    for name in DIFFERENCES:
        title = SHOWN[name][0].rstrip(" ↑↓")
        shown[title] = figure_column(found, name, "+.3f")
        clear = (found[f"{name}_lo"] > 0) | (found[f"{name}_hi"] < 0)
        cells |= {(int(place), title) for place in found.index[clear]}
    shown["Seeds"] = found["seeds"]
    text = (
        f"TOFU, paired differences between carriers. {origin}. Mean difference over the same questions and seeds [95 % "
        f"interval: {INTERVALS}]. Bold: the interval excludes 0."
    )
    return Table(found, shown, text, frozenset(cells))


def model_note(main: pd.DataFrame, origin: str) -> str:
    """Which model made it, in every caption: nobody is to read a tiny study as the paper's result.

    Args:
        origin: sentence of the spec, from config.runs.origin.
    """
    sizes = ", ".join(
        f"{row.model}: {row.model_parameters:,} parameters" for row in main.drop_duplicates("model").itertuples()
    )
    return f"{origin} ({sizes})."
