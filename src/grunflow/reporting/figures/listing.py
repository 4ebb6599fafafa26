"""Every figure: what it is called, which benchmarks have what it shows, what draws it. No matplotlib until one is drawn."""

from pathlib import Path
from typing import Any

from grunflow.benchmarks.base import forgetting
from grunflow.evaluation import metrics, run_metrics
from grunflow.reporting.columns import utility
from grunflow.reporting.entries import Entry, Source, knows_and_never_knew, leaves_paths, relearns


def _forget_utility(spec: Any, results: Any, looks: Any, stem: Path) -> None:
    from grunflow.reporting.figures.trade_off import forget_utility

    forget_utility(results, looks, stem)


def _forgetting_paths(spec: Any, results: Any, looks: Any, stem: Path) -> None:
    from grunflow.reporting.figures.trade_off import forgetting_paths

    forgetting_paths(results, looks, stem)


def _cost_quality(spec: Any, results: Any, looks: Any, stem: Path) -> None:
    from grunflow.reporting.figures.cost import cost_quality

    cost_quality(results, looks, stem)


def _gate_activations(spec: Any, results: Any, looks: Any, stem: Path) -> None:
    from grunflow.reporting.figures.distributions import gate_activations

    gate_activations(results, looks, stem)


def _truth_ratios(spec: Any, results: Any, looks: Any, stem: Path) -> None:
    from grunflow.reporting.figures.distributions import truth_ratios

    truth_ratios(results, looks, stem)


def _training_curves(spec: Any, results: Any, looks: Any, stem: Path) -> None:
    from grunflow.reporting.figures.training import training_curves

    training_curves(results, looks, stem)


def _relearning(spec: Any, results: Any, looks: Any, stem: Path) -> None:
    from grunflow.reporting.figures.going_on import relearning

    relearning(results, looks, stem)


def _sequential(spec: Any, results: Any, looks: Any, stem: Path) -> None:
    from grunflow.reporting.figures.going_on import sequential

    sequential(results, looks, stem)


def _accuracy(spec: Any, results: Any, looks: Any, stem: Path) -> None:
    from grunflow.reporting.figures.choice import accuracy

    accuracy(results, looks, stem)


def _robustness(spec: Any, results: Any, looks: Any, stem: Path) -> None:
    from grunflow.reporting.figures.robustness import robustness

    robustness(results, looks, stem)


def _metrics(spec: Any, results: Any, looks: Any, stem: Path) -> None:
    from grunflow.reporting.figures.metrics import metrics_worth

    metrics_worth(spec.relearnt, spec.rounded, results, looks, stem)


def weighs(source: Source) -> bool:
    """Whether one number says what a whole model is worth."""
    return utility(source.benchmark) is not None


def weighs_against_forgetting(source: Source) -> bool:
    return weighs(source) and forgetting(source.benchmark) is not None


def measures(source: Source, definition: Any) -> bool:
    """Whether one of its metrics is of this definition."""
    return any(metric.of is definition for metric in source.benchmark.metrics)


FIGURES = (
    Entry("forget_utility", _forget_utility, weighs_against_forgetting,
          said="What each method forgot and what it kept, with 95 % intervals."),
    Entry("forgetting_paths", _forgetting_paths, leaves_paths,
          said="The way there: compare methods where they have forgotten equally much."),
    Entry("cost_quality", _cost_quality, weighs_against_forgetting, said="What unlearning cost, against what was forgotten and what was kept."),
    Entry("gate_activations", _gate_activations, lambda source: measures(source, metrics.gate),
          said="Gates per edited block and set of questions; paraphrased: the forget questions in other words."),
    Entry("truth_ratios", _truth_ratios, lambda source: measures(source, run_metrics.ks_statistic),
          said="Truth Ratios on the forget set; Forget Quality asks how far a line is from the retain model's."),
    Entry("robustness", _robustness, lambda source: source.conditions,
          said="What shows of the forgotten and what is lost of the kept, asked in other ways and with the model changed."),
    Entry("relearning", _relearning, relearns, said="What attackers bring back who train a run further, beside what the retain model learns."),
    Entry("sequential", _sequential, lambda source: source.sequences and forgetting(source.benchmark) is not None,
          said="Requests in turn: what is forgotten of all so far, and what is left of the model."),
    Entry("metrics", _metrics, lambda source: source.conditions and knows_and_never_knew(source),
          said="What each figure of the forget set is worth: whether it tells models that know from those that never did, and whether what it "
          "calls forgotten stays so under attacks and rounding."),
    Entry("training_curves", _training_curves, said="Loss of unlearning."),
    Entry("{benchmark}_accuracy", _accuracy,
          lambda source: source.benchmark.chance is not None and forgetting(source.benchmark) is not None,
          said="Multiple choice on what was to be forgotten and what was to be kept."),
)  # fmt: skip
