"""Metrics -> figures, each as PDF and PNG: forget_utility, forgetting_paths, cost_quality, gate_activations, truth_ratios,
training_curves; of a study with a WMDP part also wmdp_accuracy."""

from pathlib import Path

import pandas as pd

from grunflow.config.specs import Figures
from grunflow.reporting.efficiency import efficiency
from grunflow.reporting.figures import distributions, multiple_choice, trade_off, training
from grunflow.reporting.tofu import model_note, tofu_main
from grunflow.reporting.wmdp import wmdp_main


def run(spec: Figures, inputs: dict[str, list[Path]], out: Path, batch_size: int) -> None:
    names = ("metrics", "questions", "snapshot_scores", "losses", "efficiency")
    metrics, questions, snapshots, losses, spent = (
        pd.read_parquet(inputs["metrics"][0] / f"{name}.parquet") for name in names
    )
    main = tofu_main(metrics, questions)
    note = model_note(main, spec.origin)
    trade_off.forget_utility(main, note, out / "forget_utility")
    if len(snapshots):
        trade_off.forgetting_paths(snapshots, note, out / "forgetting_paths")
    trade_off.cost_quality(main, efficiency(spent), note, out / "cost_quality")
    distributions.gate_activations(questions, metrics, note, out / "gate_activations")
    distributions.truth_ratios(questions, metrics, note, out / "truth_ratios")
    training.training_curves(losses, note, out / "training_curves")
    if "wmdp" in inputs:
        answers = pd.read_parquet(inputs["wmdp"][0] / "answers.parquet")
        multiple_choice.wmdp_accuracy(wmdp_main(answers), f"{spec.wmdp_origin}.", out / "wmdp_accuracy")
