"""grunflow: gated representation unlearning (GRUN, arXiv 2502.17823) as one reproducible workflow."""

__version__ = "0.1.0"
