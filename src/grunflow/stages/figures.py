"""Metrics -> figures/{forget_utility,gate_activations}.{pdf,png}; of a study with a WMDP part also wmdp_accuracy."""

from pathlib import Path

import pandas as pd

from grunflow.config.specs import Figures
from grunflow.reporting import figures, tables, wmdp


def run(spec: Figures, inputs: dict[str, list[Path]], out: Path, batch_size: int) -> None:
    folder = inputs["metrics"][0]
    metrics, questions = (pd.read_parquet(folder / f"{name}.parquet") for name in ("metrics", "questions"))
    main = tables.tofu_main(metrics, questions)
    note = tables.model_note(main, spec.origin)
    figures.forget_utility(main, note, out / "forget_utility")
    figures.gate_activations(questions, metrics, note, out / "gate_activations")
    if "wmdp" in inputs:
        answered = wmdp.wmdp_main(pd.read_parquet(inputs["wmdp"][0] / "answers.parquet"))
        figures.accuracy_figure(answered, spec.wmdp_origin, out / "wmdp_accuracy")
