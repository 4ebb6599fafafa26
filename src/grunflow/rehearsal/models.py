"""Random narrow models with the blocks of those that a study loads, written as a hub holds them."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerFast

from grunflow.config.models import Model
from grunflow.data.tokenizer import train_tokenizer
from grunflow.models.generators import forked
from grunflow.models.loading import NO_CODE
from grunflow.rehearsal.shapes import config_of, narrowed
from grunflow.rehearsal.words import pair, question, text

BEGIN = "<|begin|>"
ENTRIES = 512  # of the made tokenizer
# Roles, contents, and the words that ask for the assistant's: the least that a chat template has.
CHAT = (
    "{% for message in messages %}<|{{ message['role'] }}|>{{ message['content'] }}\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


def made_tokenizer() -> PreTrainedTokenizerFast:
    """Trained on the made-up rows; it puts a beginning before every text and knows a chat, as many models' do."""
    from tokenizers.processors import TemplateProcessing

    tokenizer = train_tokenizer(_texts(), ENTRIES)
    tokenizer.add_special_tokens({"bos_token": BEGIN})
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single=f"{BEGIN} $A", pair=f"{BEGIN} $A {BEGIN} $B", special_tokens=[(BEGIN, tokenizer.bos_token_id)]
    )
    tokenizer.chat_template = CHAT
    return tokenizer


def _texts() -> Iterable[str]:
    for number in range(100):
        yield " ".join(pair(number).values())
        yield f"{question(number)['question']} {' '.join(question(number)['choices'])}"
        yield text(number)


def tokenizer_of(repo: str, revision: str | None) -> tuple[Any, str]:
    """The model's own where the cache has it, else a made one; and which it is."""
    try:
        found = AutoTokenizer.from_pretrained(repo, revision=revision, local_files_only=True, **NO_CODE)
        return found, "its own tokenizer"
    except (OSError, ValueError):
        return made_tokenizer(), "a made tokenizer"


def write_narrow(model: Model, least_width: int, folder: Path) -> str:
    """Weights from seed 0, config and tokenizer; in words what they were made from.

    Args:
        model: its row of the sheet; repo and revision name it in the user's cache, or repo a folder.
        least_width: see shapes.narrowed.
    """
    assert model.repo is not None, "a model from scratch is not narrowed"
    config, source = config_of(model)
    tokenizer, beside = tokenizer_of(model.repo, model.revision)
    own = config.get_text_config(decoder=True).vocab_size
    entries = len(tokenizer)
    # A model's own tokenizer may have fewer ids than the model has embeddings.
    made = narrowed(config, max(own, entries) if beside.startswith("its own") else entries, tokenizer, least_width)
    with forked():
        torch.manual_seed(0)
        found = AutoModelForCausalLM.from_config(made).to(getattr(torch, model.dtype))
    found.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    blocks = made.get_text_config(decoder=True).num_hidden_layers
    return f"{blocks} blocks, {found.num_parameters():,} parameters, from {source}; {beside}"
