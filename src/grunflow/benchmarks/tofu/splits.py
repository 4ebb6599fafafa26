"""Names and sizes of TOFU's splits, which every stage that reads records shares."""

RETAIN_OF_FORGET = {"forget01": "retain99", "forget05": "retain95", "forget10": "retain90"}
# Rows of every split of locuslab/TOFU; checked when it is read.
TOFU_ROWS = {
    "full": 4000,
    "forget01": 40,
    "forget05": 200,
    "forget10": 400,
    "retain99": 3960,
    "retain95": 3800,
    "retain90": 3600,
    "forget01_perturbed": 40,
    "forget05_perturbed": 200,
    "forget10_perturbed": 400,
    "retain_perturbed": 400,
    "real_authors_perturbed": 100,
    "world_facts_perturbed": 117,
}
RETAIN_EVALUATED_ROWS = 80  # of a generated world
# Questions about authors that no model is trained on, whatever is to be forgotten: open-unlearning's TOFU_MIA.yaml. The hub has
# the split since then; copies of earlier files have not. Rows: for plans.
HOLDOUT, HOLDOUT_ROWS = "holdout10", 400


def forgotten_authors(split: str, authors: int) -> int:
    """Of a generated world's authors those that a forget split holds: its percentage, at least one."""
    return max(1, authors * int(split[-2:]) // 100)
