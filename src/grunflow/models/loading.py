"""Models and tokenizers from a finished stage's folder."""

from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer


def load_model(folder: Path) -> torch.nn.Module:
    """The causal LM in `folder`, float32, in evaluation mode."""
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, local_files_only=True).eval()


def load_tokenizer(folder: Path):
    return AutoTokenizer.from_pretrained(folder, local_files_only=True)
