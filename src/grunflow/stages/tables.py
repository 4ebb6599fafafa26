"""Metrics -> the tables, each as CSV, Markdown and LaTeX: tofu_main, tofu_differences, equal_forgetting, efficiency.

Of a study with a WMDP part also wmdp_main, with a ledger published, with variants tuning, with others' logs published_logs.
shown.json holds the reader's form of them all, for the report.
"""

from pathlib import Path

import pandas as pd

from grunflow.config.specs import Tables
from grunflow.reporting import efficiency, equal_forgetting, ledger, tofu, tuning, wmdp
from grunflow.reporting.forms import Table, shown_json, write


def run(spec: Tables, inputs: dict[str, list[Path]], out: Path, batch_size: int) -> None:
    found = made(spec, inputs)
    for name, table in found.items():
        write(table, out / name, spec.formats)
    (out / "shown.json").write_text(shown_json(found))


def made(spec: Tables, inputs: dict[str, list[Path]]) -> dict[str, Table]:
    """Name -> table."""
    folder = inputs["metrics"][0]
    metrics, questions = (pd.read_parquet(folder / f"{name}.parquet") for name in ("metrics", "questions"))
    main = tofu.table(metrics, questions, spec.origin)
    note = tofu.model_note(main.tidy, spec.origin)
    found = {"tofu_main": main, "tofu_differences": tofu.differences_table(metrics, questions, spec.origin)}
    spent, ours = [pd.read_parquet(folder / "efficiency.parquet")], ledger.tofu_values(metrics)
    if "wmdp" in inputs:
        answers, cost = (pd.read_parquet(inputs["wmdp"][0] / f"{name}.parquet") for name in ("answers", "cost"))
        found["wmdp_main"] = wmdp.table(answers, spec.wmdp_origin)
        spent.append(cost.assign(variant="", target_seed=0))
        ours |= ledger.wmdp_values(answers)
    found["efficiency"] = efficiency.table(pd.concat(spent, ignore_index=True), note.rstrip("."))
    if "variant" in main.tidy:
        chosen = tuning.tuning(pd.read_parquet(folder / "snapshots.parquet"))
        caption = f"Choice of rates. {note} Rule: {tuning.RULE}."
        found["tuning"] = Table(chosen, chosen.round(3), caption)
    else:
        snapshots = pd.read_parquet(folder / "snapshot_scores.parquet")
        if len(snapshots):
            found["equal_forgetting"] = equal_forgetting.table(snapshots, spec.origin)
    if spec.published:
        found["published"] = ledger.table(ledger.read_cells(spec.published), ours)
    others = folder / "published_logs.parquet"
    if others.is_file():
        logs = pd.read_parquet(others)
        caption = "Evaluation logs that others published, by the same formulas; models and data are theirs."
        found["published_logs"] = Table(logs, logs.round(4), caption)
    return found
