"""Names that a config may use. The implementing tables (objectives/__init__.py, carriers/__init__.py) must
hold the same names; a test compares them. This module exists so that a config is read without torch."""

OBJECTIVES = ("ga", "gd", "kl", "idk", "dpo", "npo", "simnpo", "undial", "rmu")
RETAIN_TERMS = ("none", "nll", "kl", "match")
CARRIERS = ("full", "lora", "reft", "grun")
GATES = ("linear", "mlp_3")
TEMPLATES = ("plain", "grun", "baseline", "llama2")
FORGET_SPLITS = ("forget01", "forget05", "forget10")
RETAIN_OF_FORGET = {"forget01": "retain99", "forget05": "retain95", "forget10": "retain90"}
BENCHMARKS = ("tofu", "wmdp")
EVALUATION_SETS = ("forget", "retain", "real_authors", "world_facts")
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
