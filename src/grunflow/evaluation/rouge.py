"""ROUGE-L recall as TOFU takes it: rouge-score with the Porter stemmer."""

from functools import cache


@cache
def _scorer():
    from rouge_score.rouge_scorer import RougeScorer

    return RougeScorer(["rougeL"], use_stemmer=True)


def rouge_l_recall(generation: str, answer: str) -> float:
    """Length of the longest common subsequence of stemmed words over the words of `answer`; 0 to 1."""
    return float(_scorer().score(answer, generation)["rougeL"].recall)
