"""Models and tokenizers from a finished stage's folder."""

from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging

# Its bars fill log files; training has a bar of its own (grunflow.progress).
logging.disable_progress_bar()


def load_model(folder: Path) -> Any:
    """The causal LM in `folder`, float32, in evaluation mode."""
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, local_files_only=True).eval()


def load_tokenizer(folder: Path):
    return AutoTokenizer.from_pretrained(folder, local_files_only=True)
