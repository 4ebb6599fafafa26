"""Names of tables and figures in words."""

from collections.abc import Mapping

# The end of a file's name -> what it says. What stands before it is a benchmark.
WORDS = {
    "main": "what each method forgot and what it kept",
    "differences": "paired differences between carriers",
    "references": "how far each method is from models that no method trained",
    "efficiency": "What unlearning cost",
    "equal_forgetting": "Compared where they have forgotten equally much",
    "equal_retention": "Compared where they have kept equally much",
    "robustness": "Asked in other ways, and attacked",
    "relearning": "Trained further: what comes back",
    "sequential": "One request after the other",
    "tuning": "How the learning rates were chosen",
    "published_logs": "Evaluation logs that others published",
    "published": "Beside published numbers",
    "metrics": "What each metric itself is worth",
    "forget_utility": "Forgetting against utility",
    "forgetting_paths": "The way there",
    "cost_quality": "Cost against forgetting and utility",
    "gate_activations": "When the gate opens",
    "truth_ratios": "Truth Ratios on the forget set",
    "training_curves": "Loss of unlearning",
    "accuracy": "Multiple-choice accuracy",
}
PAPER = "paper_"  # before the number of a published table in its own layout


def words_of(name: str, titles: Mapping[str, str]) -> str:
    """`tofu_main` -> `TOFU: what each method forgot and what it kept`. titles: benchmark -> its title."""
    for benchmark, title in titles.items():
        if name.startswith(f"{benchmark}_"):
            return f"{title}: {_plain(name.removeprefix(f'{benchmark}_'))}"
    said = _plain(name)
    return said[:1].upper() + said[1:]


def _plain(name: str) -> str:
    if name.startswith(PAPER):
        return f"published table {name.removeprefix(PAPER)} in its own layout, ours beside"
    return WORDS.get(name, name.replace("_", " "))
