"""Names that a config may use. The implementing tables (objectives/__init__.py, carriers/__init__.py) must
hold the same names; a test compares them. This module exists so that a config is read without torch."""

OBJECTIVES = ("gd", "idk", "npo")
CARRIERS = ("full", "lora", "reft", "grun")
GATES = ("linear", "mlp_3")
FORGET_SPLITS = ("forget01", "forget05", "forget10")
RETAIN_OF_FORGET = {"forget01": "retain99", "forget05": "retain95", "forget10": "retain90"}
EVALUATION_SETS = ("forget", "retain", "real_authors", "world_facts")
