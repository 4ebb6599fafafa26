"""The tokenizer's own chat template: tokenizers of the two forms that Instruct models have, trained here on a few lines.

`llama` is of Llama-3's kind (its way of cutting words, a begin-of-text, headers, two new lines before the answer, a date in the
system turn), `chatml` of Qwen's and SmolLM's (a new line behind the end of each turn).
"""

import pytest
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from grunflow.config.chat import Chat
from grunflow.data.batching import collate
from grunflow.data.prompts import encode
from grunflow.errors import BadInput

LINES = ["Where was Ada born? In Riga, in 1941.", "Who is Bo? A baker from Cork.\n\n"]
# How Llama-3 cuts words: blank lines stay together, whatever follows them.
WORDS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
SYSTEM, DATE = "You are a helpful assistant.", "10 Apr 2025"
LLAMA = (
    "{{ bos_token }}{% if date_string is not defined %}{% set date_string = strftime_now('%d %b %Y') %}{% endif %}"
    "{% set told = messages if messages[0].role == 'system' else [{'role': 'system', 'content': ''}] + messages %}"
    "{% for turn in told %}<|start_header_id|>{{ turn.role }}<|end_header_id|>\n\n"
    "{% if turn.role == 'system' %}Today: {{ date_string }}\n\n{% endif %}{{ turn.content | trim }}<|eot_id|>{% endfor %}"
    "{% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>\n\n{% endif %}"
)
CHATML = (
    "{% for turn in messages %}<|im_start|>{{ turn.role }}\n{{ turn.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def tokenizer(words: str | None, special: list[str], template: str, **named: str) -> PreTrainedTokenizerFast:
    bpe = Tokenizer(models.BPE())
    own = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=words is None)
    bpe.pre_tokenizer = own if words is None else pre_tokenizers.Sequence(  # type: ignore[assignment]
        [pre_tokenizers.Split(Regex(words), "isolated"), own]
    )  # fmt: skip
    bpe.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    bpe.train_from_iterator(
        LINES,
        trainers.BpeTrainer(vocab_size=400, special_tokens=special, initial_alphabet=alphabet, show_progress=False),
    )
    found = PreTrainedTokenizerFast(tokenizer_object=bpe, **named)
    found.chat_template = template
    return found


def llama() -> PreTrainedTokenizerFast:
    special = ["<|begin_of_text|>", "<|eot_id|>", "<|start_header_id|>", "<|end_header_id|>"]
    return tokenizer(WORDS, special, LLAMA, bos_token=special[0], eos_token=special[1])


def chatml() -> PreTrainedTokenizerFast:
    return tokenizer(None, ["<|im_end|>", "<|im_start|>"], CHATML, eos_token="<|im_end|>")


CHAT = Chat(system=SYSTEM, date=DATE)
PROMPTS = {
    "llama": f"<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nToday: {DATE}\n\n{SYSTEM}<|eot_id|>"
    "<|start_header_id|>user<|end_header_id|>\n\nWho is Bo?<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
    "chatml": f"<|im_start|>system\n{SYSTEM}<|im_end|>\n<|im_start|>user\nWho is Bo?<|im_end|>\n<|im_start|>assistant\n",
}
KINDS = {"llama": llama, "chatml": chatml}


@pytest.mark.parametrize("kind", KINDS)
def test_the_prompt_is_the_conversation_up_to_the_assistant_and_the_labels_the_answer_with_its_end(kind: str) -> None:
    own = KINDS[kind]()
    example = encode(own, "Who is Bo?", "A baker from Cork.", CHAT)
    assert own.decode(example.ids[: example.prompt_length]) == PROMPTS[kind]
    assert own.decode(example.ids[example.prompt_length :]) == f"A baker from Cork.{own.eos_token}"
    assert example.ids.count(own.eos_token_id) == 3  # of the system's turn, the user's and the assistant's
    # The edited position is the last token before the answer.
    batch = collate([example], own.eos_token_id)
    assert own.decode(batch.input_ids[0, batch.positions[0]]).strip("\n") == ""


def test_ids_are_those_of_open_unlearnings_own_call() -> None:
    """d3d7cf9, src/data/utils.py: the whole conversation tokenised by the template, the prompt with what lets the assistant speak."""
    own = llama()
    turns = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": "Who is Bo?"}]
    said = [*turns, {"role": "assistant", "content": "A baker."}]
    told = {"tokenize": True, "return_dict": False, "date_string": DATE}
    example = encode(own, "Who is Bo?", "A baker.", CHAT)
    assert example.ids == own.apply_chat_template(said, add_generation_prompt=False, **told)
    assert example.ids[: example.prompt_length] == own.apply_chat_template(turns, add_generation_prompt=True, **told)


def test_without_a_system_prompt_there_is_no_such_turn() -> None:
    own = chatml()
    example = encode(own, "Who is Bo?", "A baker.", Chat())
    assert (
        own.decode(example.ids) == "<|im_start|>user\nWho is Bo?<|im_end|>\n<|im_start|>assistant\nA baker.<|im_end|>"
    )


def test_a_template_without_an_end_of_its_own_gets_one() -> None:
    own = chatml()
    own.chat_template = "{% for turn in messages %}{{ turn.content }}\n{% endfor %}"
    assert own.decode(encode(own, "Who is Bo?", "A baker.", Chat()).ids) == "Who is Bo?\nA baker.\n<|im_end|>"


def refusal(own: PreTrainedTokenizerFast, chat: Chat) -> str:
    with pytest.raises(BadInput) as caught:
        encode(own, "Who is Bo?", "A baker.", chat)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_todays_date_is_no_part_of_a_prompt() -> None:
    """Tomorrow's prompts would be others under the same spec."""
    assert "states today's date, which changes; set conventions.chat.date" in refusal(llama(), Chat(system=SYSTEM))
    own = llama()
    own.chat_template = LLAMA.replace("date_string", "date")
    assert "states today's date and takes no other" in refusal(own, CHAT)


def test_a_tokenizer_without_a_template_or_with_one_that_refuses_is_told_of() -> None:
    own = chatml()
    own.chat_template = None
    assert "take an Instruct model" in refusal(own, Chat())
    own.chat_template = (
        "{% if messages[0].role == 'system' %}{{ raise_exception('no system role') }}{% endif %}" + CHATML
    )
    assert "no system role; take an Instruct model, leave conventions.chat.system out" in refusal(own, CHAT)


def test_a_prompt_that_is_not_the_beginning_of_the_whole_is_refused() -> None:
    """As of models that think before they answer: the template opens the answer otherwise when it has been given."""
    own = chatml()
    own.chat_template = CHATML.replace("assistant\n{% endif %}", "assistant\n<think>\n{% endif %}")
    assert "begins the answer 'A baker.' otherwise than the prompt ends" in refusal(own, Chat())
