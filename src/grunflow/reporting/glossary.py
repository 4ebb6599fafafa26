"""What the words of tables and figures mean, for readers who know nothing of unlearning."""

import re
from typing import NamedTuple


class Term(NamedTuple):
    """pattern: found in the column headings that the term explains."""

    name: str
    pattern: str
    text: str

    @property
    def slug(self) -> str:
        return "term-" + re.sub(r"\W+", "-", self.name.lower()).strip("-")


# The first that fits a heading is the one which it links to.
TERMS = (
    Term("Forget Quality", r"Forget Quality", "The p-value of a Kolmogorov-Smirnov test between the Truth Ratios of the unlearned model and of the retain "
         "model on the forget questions. Near 1: the two cannot be told apart. Small also where a model forgot far more than one that never knew."),
    Term("KS", r"\bKS\b", "The statistic of that test: the largest distance between the two cumulative distributions of Truth Ratios, 0 to 1. 0: as if never "
         "trained on what was to be forgotten."),
    Term("Truth Ratio", r"\bTR\b|Truth Ratio", "How likely wrong answers are against the right one, per token and as a geometric mean. On the forget set min(t, 1/t): 1 where right "
         "and wrong are equally likely, which is forgetting; elsewhere max(0, 1 - t): 1 where only the right answer is likely, which is knowing."),
    Term("Model Utility", r"Utility", "One number for what is left: the harmonic mean of ROUGE-L, Probability and Truth Ratio on three sets of questions that are to be "
         "kept (retain, real authors, world facts). One of the nine near 0 brings it near 0. Of data of one's own on keep and world; as Utility of what they allow, which the caption says."),
    Term("ROUGE-L", r"ROUGE-?L", "Share of the right answer's words, in order, that the model's own answer has (recall, stemmed), 0 to 1. Its words are those of the "
         "letters a to z and digits; an answer in another script is refused, or its set left out, not scored 0."),
    Term("Probability", r"Prob\b|Probability", "Probability of the right answer per token, exp(-loss), 0 to 1; of real authors and world facts its share among the given options."),
    Term("What a metric is worth", r"^Figure$|^Over$|^AUROC, target|^Robust under", "Whether a figure tells models that know what is to be forgotten from those that never "
         "did (AUROC: 1 always, 1/2 by chance), and whether what it calls forgotten stays so when the model is trained on some of it again, or rounded."),
    Term("Gate", r"\b[Gg]ate|AUROC", "A number between 0 and 1 by which an edit is multiplied; it reads the question's last token. It should open (1) on what is to be forgotten and stay "
         "closed (0) elsewhere. AUROC: how often a forget question opens it further than a retain question; 1/2 is guessing."),
    Term("Accuracy", r"[Aa]ccuracy|change$", "Share of multiple-choice questions answered rightly. With four options guessing gives 0.25. Change: against the model before unlearning."),
    Term("Memorisation and membership", r"memoris|extraction|MIA|PrivLeak", "How much of an answer the model recites, and how well training questions can be told from others by their likelihood "
         "(AUROC; 1/2 is guessing)."),
    Term("Equal forgetting", r"Forgotten to|^Kept$|[Rr]eading|[Rr]eached|[Rr]eason|Told|observed", "Methods compared where they have forgotten equally much, as a longer training always forgets more and keeps less. "
         "Readings: along the training path, at its best snapshot, and along the finished edit scaled back."),
    Term("FLOPs, seconds and memory", r"FLOPs|[Ss]econds|memory|GPU|CPU|time|Trained parameters|[Ss]aved|hours", "What training took. FLOPs are counted and equal for equal runs; seconds are of this machine. Trained "
         "parameters: those that unlearning changes, and their share of the model."),
    Term("Published and ours", r"Published|Ours|Tolerance|Verdict|Place|Metric|Value|Source|Caveat", "A number that others printed, with its source, beside this study's for the same cell, and how far apart they may lie."),
    Term("Objective", r"Objective", "What training minimises on what is to be forgotten (raise its loss, answer that one does not know, prefer other answers, steer hidden states); the retain "
         "term on what is to be kept is added. target, retain and base are models that no method trained: see those."),
    Term("Carrier", r"Carrier|Method|Against|Difference", "Where the trained parameters live: all weights of the model, low-rank updates of them, or low-rank edits of hidden states with or without a gate. "
         "A method is an objective on a carrier. A row marked external is a finished model of others, called as they call it."),
    Term("Conditions, leak and collateral", r"Condition|Strength|Access|Measure|Leak|Collateral", "A finished run put to its questions otherwise, with nothing trained. Black-box: asked in another "
         "way, which anybody can do; white-box: the model itself is changed, or looked into. Leak: what then shows of what was to be forgotten. Collateral: what is lost of the rest."),
    Term("Target and retain model", r"Model|Split|Benchmark|Variant|Minus", "The target model has learnt everything, what is to be forgotten too: unlearning starts there. The retain model never saw "
         "that: where unlearning should lead. The split says how much is to be forgotten."),
    Term("Seeds", r"Seed|^n$|Runs", "Repeated trainings from other random numbers. A verdict needs an interval over seeds; one seed says how questions vary, nothing of training."),
    Term("95 % interval", r"Effect|Interval", "In square brackets: the range that holds the true value in 95 of 100 such studies, over questions and seeds as the caption says."),
)  # fmt: skip


def term_of(heading: str) -> Term | None:
    """What explains a column's heading."""
    return next((term for term in TERMS if re.search(term.pattern, heading)), None)
