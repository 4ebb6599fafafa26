"""Metrics of questions with right and, where there are some, wrong answers: what benchmarks that ask such questions share.

The exact definitions stand in evaluation/; here is what a table must know of each. Sets that they name: `forget`, `holdout`.
"""

from collections.abc import Sequence
from math import inf

from grunflow.benchmarks.base import RETAIN, Metric
from grunflow.evaluation import metrics, run_metrics

BOTH = ("forget", "keep")
RUN = ("run",)
WRONG = "nll_perturbed"
MEMORY = {"per": "run", "probe": "membership", "measures": "nothing", "roles": ("forget", "holdout")}

ANSWERED = (
    Metric("rougeL", "ROUGE-L", metrics.rouge_l, shown=BOTH, compared=True, needs="generation"),
    Metric("probability", "Prob.", metrics.probability, shown=BOTH, compared=True),
)
RATIOS = (
    Metric("truth_ratio", "TR", metrics.truth_ratio, measures="quality", shown=("forget",), needs=WRONG),
    Metric("truth_ratio_grun", "TR (GRUN's form)", metrics.truth_ratio_grun, measures="nothing", needs=WRONG),
)  # fmt: skip
# Under conditions that draw answers (conditions/sampled.py).
SAMPLED = Metric("right_within_k", "Right within k draws", metrics.right_within_k, probe="samples")
# Under conditions that look into the model (conditions/depth.py).
WITHIN = Metric("left_within", "Left within (1 - UDS)", metrics.left_within, probe="depth", roles=("forget",))
GATE = Metric("gate", "Gate", metrics.gate, measures="nothing")
# Truth Ratios of the forget set against the retain model's.
FORGET_QUALITY = (
    Metric("ks_statistic", "KS", run_metrics.ks_statistic, per="run", measures="distance", reference=RETAIN, sample=run_metrics.ks_parts,
           shown=RUN, compared=True, needs=WRONG, keeps=("raw_ratio", metrics.raw_ratio)),
    Metric("forget_quality", "Forget Quality (p)", run_metrics.forget_quality, per="run", measures="quality", reference=RETAIN,
           interval="range", shown=RUN),
    Metric("n_unlearned", "forget questions", lambda run: run_metrics.count(run, "forget"), per="run", measures="nothing", reference=RETAIN,
           interval="count"),
    Metric("n_retain", "forget questions of the retain model", lambda run: run_metrics.count(run.references[RETAIN], "forget"), per="run",
           measures="nothing", reference=RETAIN, interval="count"),
)  # fmt: skip
MEMORISATION = tuple(
    Metric(f"forget_{name}", name.replace("_", " "), run_metrics.memorised(name), keeps=run_metrics.column(name),
           sample=lambda scores, name=name: (scores["forget", name],), **MEMORY)  # type: ignore[arg-type, misc]
    for name in ("exact_memorisation", "extraction_strength")
)  # fmt: skip
ATTACKS = tuple(
    Metric(f"mia_{attack}", f"MIA {attack}", run_metrics.attack(attack), keeps=run_metrics.column(attack),
           sample=run_metrics.attack_parts(attack), **MEMORY)  # type: ignore[arg-type]
    for attack in run_metrics.ATTACKS
)  # fmt: skip
PRIVLEAK = Metric("privleak", "PrivLeak", run_metrics.privleak(), reference=RETAIN, bounds=(-100.0, inf), sample=run_metrics.privleak_parts,
                  **MEMORY)  # type: ignore[arg-type]  # fmt: skip


def utility(name: str, title: str, sets: Sequence[str], known: Sequence[str]) -> Metric:
    """The harmonic mean of the means of metrics `known` over `sets`."""
    return Metric(
        name, title, lambda run: run_metrics.utility(run, sets, known), per="run", measures="quality",
        sample=lambda scores: run_metrics.utility_parts(scores, sets, known), joined=run_metrics.utility_means(sets, known), shown=RUN,
        compared=True,
    )  # fmt: skip


def gate_auroc(kept: str) -> Metric:
    """How well the gate tells forget questions from those of the set `kept`."""
    return Metric("gate_auroc", "Gate AUROC", run_metrics.gate_auroc(kept), per="run", measures="nothing",
                  sample=run_metrics.gate_parts(kept))  # fmt: skip
