"""What a tokenizer needs to serve a model: an end, padding, and no ids that the model does not know."""

from typing import Any

from grunflow.errors import BadInput


def fit(tokenizer: Any, config: Any, name: str) -> Any:
    """The tokenizer, with the model's own end of text where it names none, and padding that the model has an embedding of
    (every mask leaves padding out).

    Args:
        config: of the language model.
        name: of the model, for a refusal.

    Raises:
        BadInput: there is no end of text, or a text may get an id beyond the embeddings.
    """
    if tokenizer.eos_token_id is None:
        tokenizer.eos_token = _end(tokenizer, config)
    if tokenizer.eos_token_id is None:
        raise BadInput(f"model {name}: its tokenizer has no end of text; set eos_token in tokenizer_config.json.")
    beyond = {index: token for token, index in tokenizer.get_vocab().items() if index >= config.vocab_size}
    for index, token in sorted(beyond.items()):
        if _may_be_read(tokenizer, index):
            raise BadInput(
                f"model {name}: its tokenizer gives {token!r} the id {index}, but it has embeddings of {config.vocab_size} ids; "
                "take the model's own tokenizer."
            )
    if tokenizer.pad_token_id is None or tokenizer.pad_token_id >= config.vocab_size:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def _end(tokenizer: Any, config: Any) -> str | None:
    """The end of text that the model's config names."""
    named = config.eos_token_id
    first = named[0] if isinstance(named, list) else named
    return None if first is None else tokenizer.convert_ids_to_tokens(first)


def _may_be_read(tokenizer: Any, index: int) -> bool:
    """Whether a text may get this id: special tokens but for the end, the unknown and those that the tokenizer adds by itself
    stand in no text (google/gemma-3-1b-pt has one for images, beyond its embeddings)."""
    added = tokenizer.added_tokens_decoder.get(index)
    if index in {tokenizer.eos_token_id, tokenizer.unk_token_id, *tokenizer("")["input_ids"]}:
        return True
    return index != tokenizer.pad_token_id and not (added is not None and added.special)
