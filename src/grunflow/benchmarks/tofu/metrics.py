"""TOFU's metrics: the exact definitions stand in evaluation/, here is what a table must know of each."""

from math import inf

from grunflow.benchmarks.base import RETAIN, Metric
from grunflow.evaluation import metrics

KNOWN = ("rougeL", "probability", "truth_ratio")  # the nine means behind Model Utility are of these
UTILITY_SETS = ("retain", "real_authors", "world_facts")
BOTH = ("forget", "keep")
RUN = ("run",)
WRONG = "nll_perturbed"
MEMORY = {"per": "run", "probe": "membership", "measures": "nothing", "roles": ("forget", "holdout")}

METRICS = (
    Metric("rougeL", "ROUGE-L", metrics.rouge_l, shown=BOTH, compared=True, needs="generation"),
    Metric("probability", "Prob.", metrics.probability, shown=BOTH, compared=True),
    Metric("truth_ratio", "TR", metrics.truth_ratio, measures="quality", shown=("forget",), needs=WRONG),
    Metric("truth_ratio_grun", "TR (GRUN's form)", metrics.truth_ratio_grun, measures="nothing", needs=WRONG),
    Metric("gate", "Gate", metrics.gate, measures="nothing"),
    Metric(
        "model_utility", "Model Utility", lambda run: metrics.utility(run, UTILITY_SETS, KNOWN), per="run", measures="quality",
        sample=lambda scores: metrics.utility_parts(scores, UTILITY_SETS, KNOWN), joined=metrics.utility_means(UTILITY_SETS, KNOWN),
        shown=RUN, compared=True,
    ),
    Metric("ks_statistic", "KS", metrics.ks_statistic, per="run", measures="distance", reference=RETAIN, sample=metrics.ks_parts,
           shown=RUN, compared=True, needs=WRONG, keeps=("raw_ratio", metrics.raw_ratio)),
    Metric("forget_quality", "Forget Quality (p)", metrics.forget_quality, per="run", measures="quality", reference=RETAIN,
           interval="range", shown=RUN),
    Metric("n_unlearned", "forget questions", lambda run: metrics.count(run, "forget"), per="run", measures="nothing", reference=RETAIN,
           interval="count"),
    Metric("n_retain", "forget questions of the retain model", lambda run: metrics.count(run.references[RETAIN], "forget"), per="run",
           measures="nothing", reference=RETAIN, interval="count"),
    Metric("gate_auroc", "Gate AUROC", metrics.gate_auroc, per="run", measures="nothing", sample=metrics.gate_parts),
    *(
        Metric(f"forget_{name}", name.replace("_", " "), metrics.memorised(name), keeps=metrics.column(name),
               sample=lambda scores, name=name: (scores["forget", name],), **MEMORY)  # type: ignore[arg-type, misc]
        for name in ("exact_memorisation", "extraction_strength")
    ),
    *(
        Metric(f"mia_{attack}", f"MIA {attack}", metrics.attack(attack), keeps=metrics.column(attack),
               sample=metrics.attack_parts(attack), **MEMORY)  # type: ignore[arg-type]
        for attack in metrics.ATTACKS
    ),
    Metric("privleak", "PrivLeak", metrics.privleak(), reference=RETAIN, bounds=(-100.0, inf), sample=metrics.privleak_parts,
           **MEMORY),  # type: ignore[arg-type]
)  # fmt: skip
