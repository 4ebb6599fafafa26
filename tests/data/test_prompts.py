"""Prompts with tokenizers of both kinds: Llama-3's (byte-level BPE, begin-of-text) and Llama-2/Mistral's
(SentencePiece style: a space is a word of its own, one is put before the text), trained here on a few lines."""

from typing import get_args

import pytest
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

from grunflow.config.stage import Template
from grunflow.data.batching import collate
from grunflow.data.prompts import TEMPLATES, encode
from grunflow.errors import BadInput

LINES = ["Question: Where was Ada born?\nAnswer: In Riga, in 1941.", "Question: Who is Bo?\nAnswer: A baker from Cork."]


def llama3() -> PreTrainedTokenizerFast:
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    special = ["<|begin_of_text|>", "<|end_of_text|>"]
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    bpe.train_from_iterator(LINES, trainer)
    bpe.post_processor = processors.TemplateProcessing(
        single=f"{special[0]} $A", special_tokens=[(special[0], bpe.token_to_id(special[0]))]
    )
    return PreTrainedTokenizerFast(tokenizer_object=bpe, bos_token=special[0], eos_token=special[1])


def llama2() -> PreTrainedTokenizerFast:
    bpe = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>", fuse_unk=True))
    bpe.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    bpe.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    special = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    # SentencePiece learns from words with the space before them; a whole line would become one token.
    trainer = trainers.BpeTrainer(vocab_size=420, special_tokens=special, show_progress=False)
    words = [word if first else f" {word}" for line in LINES for first, word in [(False, w) for w in line.split(" ")]]
    bpe.train_from_iterator(words, trainer)
    bpe.post_processor = processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", bpe.token_to_id("<s>"))]
    )
    return PreTrainedTokenizerFast(tokenizer_object=bpe, bos_token="<s>", eos_token="</s>", unk_token="<unk>")


KINDS = {"llama3": llama3, "llama2": llama2}


def test_the_table_holds_the_names_a_config_may_use() -> None:
    assert set(TEMPLATES) == set(get_args(Template))


@pytest.mark.parametrize("kind", KINDS)
def test_one_begin_and_one_end_and_the_position_is_the_colon(kind: str) -> None:
    tokenizer = KINDS[kind]()
    example = encode(tokenizer, "Who is Bo?", "A baker from Cork.")
    assert example.ids.count(tokenizer.bos_token_id) == 1
    assert example.ids[0] == tokenizer.bos_token_id
    assert example.ids.count(tokenizer.eos_token_id) == 1
    assert example.ids[-1] == tokenizer.eos_token_id
    assert tokenizer.decode(example.ids[: example.prompt_length]).rstrip().endswith("Answer:")
    # One space before the answer, never two, never none.
    assert tokenizer.decode(example.ids, skip_special_tokens=True) == LINES[1]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("side", ["left", "right"])
def test_the_last_prompt_token_under_padding(kind: str, side) -> None:
    tokenizer = KINDS[kind]()
    texts = [("Who is Bo?", "A baker."), ("Where was Ada born?", "In Riga, in 1941.")]
    examples = [encode(tokenizer, *text) for text in texts]
    batch = collate(examples, tokenizer.eos_token_id, side=side)
    for row, example in enumerate(examples):
        position = int(batch.positions[row])
        assert batch.input_ids[row, position] == example.ids[example.prompt_length - 1]
        assert batch.labels[row, position] == -100
        assert batch.labels[row, position + 1] == example.ids[example.prompt_length]
        assert int(batch.position_ids[row, position]) == example.prompt_length - 1
        assert int(batch.attention_mask[row].sum()) == len(example.ids)


@pytest.mark.parametrize("kind", KINDS)
def test_the_authors_template_drops_the_trailing_space_token(kind: str) -> None:
    tokenizer = KINDS[kind]()
    prompt = tokenizer("Question: Who is Bo? \nAnswer: ")["input_ids"]
    assert encode(tokenizer, "Who is Bo?", "A baker.", "authors").prompt_length == len(prompt) - 1


def test_a_tokenizer_that_appends_the_end_itself_gets_one_end() -> None:
    tokenizer = llama3()
    tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single="$A <|end_of_text|>", special_tokens=[("<|end_of_text|>", tokenizer.eos_token_id)]
    )
    example = encode(tokenizer, "Who is Bo?", "A baker.")
    assert example.ids.count(tokenizer.eos_token_id) == 1
    assert tokenizer.decode(example.ids[: example.prompt_length]).endswith("Answer:")


def test_a_prompt_that_merges_with_its_answer_is_refused() -> None:
    tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0, "</s>": 1}, unk_token="[UNK]"))
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="</s>", unk_token="[UNK]")

    class Merging:
        eos_token_id = 1

        def __call__(self, text: str) -> dict:
            return {"input_ids": [len(text)]}  # a token for each whole text

    assert fast.eos_token_id == 1
    with pytest.raises(BadInput, match="merges the prompt's end"):
        encode(Merging(), "q", "a")
