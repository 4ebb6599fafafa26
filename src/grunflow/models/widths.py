"""Widths of a model from scratch that its sheet need not name; no torch, for plans read them too."""

from grunflow.config.models import Architecture


def feed_forward(architecture: Architecture) -> int:
    """As stated, or 8/3 of the hidden size, as in Llama, rounded up to a multiple of 8."""
    return architecture.intermediate_size or -(-architecture.hidden_size // 3) * 8
