"""TOFU's metrics, in the order of its tables."""

from grunflow.benchmarks import question_metrics as shared

KNOWN = ("rougeL", "probability", "truth_ratio")  # the nine means behind Model Utility are of these
UTILITY_SETS = ("retain", "real_authors", "world_facts")

METRICS = (
    *shared.ANSWERED,
    *shared.RATIOS,
    shared.SAMPLED,
    shared.WITHIN,
    shared.GATE,
    shared.utility("model_utility", "Model Utility", UTILITY_SETS, KNOWN),
    *shared.FORGET_QUALITY,
    shared.gate_auroc("retain"),
    *shared.MEMORISATION,
    *shared.ATTACKS,
    shared.PRIVLEAK,
)
