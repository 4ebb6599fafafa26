"""ROUGE-L recall as TOFU takes it: rouge-score with the Porter stemmer."""

from functools import cache, lru_cache


@cache
def _scorer():
    from rouge_score.rouge_scorer import RougeScorer
    from rouge_score.tokenizers import DefaultTokenizer

    tokenizer = DefaultTokenizer(use_stemmer=True)
    # Every run is held against the same answers, and stems are what takes long.
    tokenizer.tokenize = lru_cache(2**16)(tokenizer.tokenize)
    return RougeScorer(["rougeL"], tokenizer=tokenizer)


def rouge_l_recall(generation: str, answer: str) -> float:
    """Length of the longest common subsequence of stemmed words over the words of `answer`; 0 to 1."""
    return float(_scorer().score(answer, generation)["rougeL"].recall)
