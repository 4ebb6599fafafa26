"""Metrics -> tables/{tofu_main,efficiency}.{csv,md,tex}; of a study with variants also tuning, of one with
published logs published_logs, of one with a WMDP part wmdp_main."""

from pathlib import Path

import pandas as pd

from grunflow.config.specs import Tables
from grunflow.reporting import tables, tuning, wmdp


def run(spec: Tables, inputs: dict[str, list[Path]], out: Path, batch_size: int) -> None:
    folder = inputs["metrics"][0]
    metrics = pd.read_parquet(folder / "metrics.parquet")
    main = tables.tofu_main(metrics, pd.read_parquet(folder / "questions.parquet"))
    note = tables.model_note(main, spec.origin)
    caption = (
        f"TOFU. {note} Mean over seeds [95 % interval from questions and seeds; Model Utility and KS from seeds]; "
        f"Forget Quality: median p (range), KS against the retain model, n = {main.n_unlearned.iloc[0]} questions."
    )
    tables.write(main, tables.readable(main), caption, out / "tofu_main", spec.formats)
    spent = [pd.read_parquet(folder / "efficiency.parquet")]
    if "wmdp" in inputs:
        answered = wmdp.wmdp_main(pd.read_parquet(inputs["wmdp"][0] / "answers.parquet"))
        caption = wmdp.caption(answered, spec.wmdp_origin)
        tables.write(answered, wmdp.readable(answered), caption, out / "wmdp_main", spec.formats)
        spent.append(pd.read_parquet(inputs["wmdp"][0] / "cost.parquet").assign(variant=""))
    cost = tables.efficiency(pd.concat(spent, ignore_index=True))
    caption = f"Cost of training. {note} Mean over seeds on this machine; wall time includes start-up."
    tables.write(cost, cost.round(4), caption, out / "efficiency", spec.formats)
    if "variant" in main:
        chosen = tuning.tuning(pd.read_parquet(folder / "snapshots.parquet"))
        caption = f"Choice of rates. {note} Rule: {tuning.RULE}."
        tables.write(chosen, chosen.round(3), caption, out / "tuning", spec.formats)
    others = folder / "published_logs.parquet"
    if others.is_file():
        table = pd.read_parquet(others)
        caption = "Evaluation logs that others published, by the same formulas; models and data are theirs."
        tables.write(table, table.round(4), caption, out / "published_logs", spec.formats)
