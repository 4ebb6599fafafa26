"""The words of verdicts: what they are, in the order in which they are told, and whom a claim is about."""

SUPPORTED, CONTRADICTED, INCONCLUSIVE, NOT_TESTABLE = "supported", "contradicted", "inconclusive", "not testable here"
VERDICTS = (SUPPORTED, CONTRADICTED, INCONCLUSIVE, NOT_TESTABLE)
# What a verdict is about beside a study's name, which holds no blank.
PAPER = "the paper"
