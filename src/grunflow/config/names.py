"""Names that a config may use. The implementing tables (objectives/__init__.py, carriers/__init__.py) must
hold the same names; a test compares them. This module exists so that a config is read without torch."""

from grunflow.data.splits import RETAIN_OF_FORGET

OBJECTIVES = ("ga", "gd", "kl", "idk", "dpo", "npo", "simnpo", "undial", "rmu")
RETAIN_TERMS = ("none", "nll", "kl", "match")
CARRIERS = ("full", "lora", "reft", "grun")
GATES = ("linear", "mlp_3")
TEMPLATES = ("plain", "grun", "baseline", "llama2")
FORGET_SPLITS = tuple(RETAIN_OF_FORGET)
BENCHMARKS = ("tofu", "wmdp")
GPUS = ("a100-40gb", "a100-80gb", "h100-80gb", "h200-141gb", "l40s-48gb")
# Rules whose outputs are files of a folder; the outputs of the others are folders.
FILES_DECLARED = ("tables", "figures")
