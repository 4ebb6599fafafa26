"""grunflow: gated representation unlearning (GRUN, arXiv 2502.17823) as one reproducible workflow.

from grunflow import load_run
model, tokenizer = load_run("results/demo/tofu/runs/tiny/forget10/gd_grun_t0_u0")
"""

import importlib
from typing import Any

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """`load_run` from its module when it is asked for: importing the package alone imports no torch."""
    if name == "load_run":
        return importlib.import_module("grunflow.loaded").load_run
    raise AttributeError(f"module 'grunflow' has no attribute {name!r}")
