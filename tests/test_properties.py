"""What holds for whatever a study holds: tried on seeded random input, many times over."""

import json
import re
import shlex
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from random import Random

import numpy as np
import pandas as pd
import pytest
import torch
import yaml

from grunflow.config.base import NAME
from grunflow.config.chat import Chat
from grunflow.config.jobs import all_jobs
from grunflow.config.reading import read_study
from grunflow.data.batching import IGNORE_INDEX, collate, length_groups
from grunflow.data.prompts import TEMPLATES, Example, encode
from grunflow.data.tokenizer import train_tokenizer
from grunflow.errors import BadInput
from grunflow.evaluation import metrics, run_metrics
from grunflow.evaluation.rouge import rouge_l_recall
from grunflow.manifest import digest_of

ROOT = Path(__file__).parents[1]
# Plain words, quotes, blanks, markup, combining marks, right-to-left, outside the BMP, what shells and YAML read.
PIECES = ("word", "Ärger", " ", "  ", "\t", "\n", "'", '"', ";", "$(x)", "{question}", "Answer:", "é", "玻璃", "زجاج", "🙂",
          "0", "-", "/", "..", "\\", "#", "A")  # fmt: skip


def text(rng: Random, longest: int = 8) -> str:
    return "".join(rng.choice(PIECES) for _ in range(rng.randint(1, longest)))


@pytest.mark.parametrize("config", ["demo", "paper"])
def test_specs_come_back_from_json_as_they_were(config: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With random seeds, rates, ranks and names: a job's record is its spec, and its digest the spec's."""
    monkeypatch.chdir(ROOT)
    rng = Random(config)
    for _ in range(3):
        content = yaml.safe_load((ROOT / "config" / f"{config}.yaml").read_text())
        content["seeds"] = [{"target_seed": rng.randrange(2**63), "unlearn_seed": rng.randrange(2**63)}]
        content["objectives"]["gd"] = {
            "retain_weight": rng.uniform(0, 1e6),
            "forget_weight": 10 ** rng.uniform(-12, 12),
        }
        content["max_new_tokens"] = rng.randint(1, 512)
        for job in all_jobs(read_study(content)):
            again = type(job.spec).model_validate_json(job.spec.model_dump_json())
            assert again == job.spec
            assert digest_of(again.model_dump(mode="json")) == digest_of(job.spec.model_dump(mode="json"))
            assert json.loads(job.spec.model_dump_json()) == job.spec.model_dump(mode="json")


def test_a_name_is_one_word_of_a_shell_and_one_folder() -> None:
    rng = Random(1)
    letters = "abcz019._-AZ/;$ '\"\n\\é"
    accepted = 0
    for _ in range(5000):
        name = "".join(rng.choice(letters) for _ in range(rng.randint(0, 70)))
        if re.fullmatch(NAME, name):
            accepted += 1
            assert shlex.quote(name) == name
            assert Path("a", name).parent == Path("a")
            assert name not in (".", "..")
            assert len(name.encode()) <= 64
    assert accepted


def questions(rng: Random, count: int) -> Iterator[tuple[str, str]]:
    for _ in range(count):
        yield text(rng), text(rng)


@pytest.mark.parametrize("template", TEMPLATES)
def test_the_prompt_ends_where_the_answer_begins(template: str) -> None:
    """Tokens before the boundary are the prompt's alone, every later one is a label, the last is the end."""
    rng = Random(2)
    tokenizer = train_tokenizer((text(rng, 30) for _ in range(200)), 400)
    form, seen = TEMPLATES[template], 0
    for question, answer in questions(rng, 300):
        try:
            example = encode(tokenizer, question, answer, template)
        except BadInput:  # this tokenizer merges the prompt's end with the answer: said, not trained on
            continue
        seen += 1
        assert 0 < example.prompt_length < len(example.ids)
        assert example.ids[-1] == tokenizer.eos_token_id
        whole = form.prompt.format(question=question) + form.completion.format(answer=answer)
        told = tokenizer.decode(example.ids[:-1])
        assert unicodedata.normalize("NFC", told) == unicodedata.normalize("NFC", whole)
        if template == "plain":
            assert tokenizer.decode(example.ids[: example.prompt_length]) == form.prompt.format(question=question)
    assert seen > 100


def test_the_prompt_of_a_chat_ends_where_the_assistant_speaks() -> None:
    """The same of the tokenizer's own chat template: it puts texts down without the blanks around them."""
    rng, chat = Random(2), Chat(system="Be kind.")
    tokenizer = train_tokenizer((text(rng, 30) for _ in range(200)), 400)
    tokenizer.chat_template = (
        "{% for turn in messages %}[{{ turn.role }}]\n{{ turn.content | trim }}{{ eos_token }}{% endfor %}"
        "{% if add_generation_prompt %}[assistant]\n{% endif %}"
    )
    end, seen = tokenizer.eos_token, 0
    for question, answer in questions(rng, 300):
        try:
            example = encode(tokenizer, question, answer, chat)
        except BadInput:
            continue
        seen += 1
        prompt = f"[system]\nBe kind.{end}[user]\n{question.strip()}{end}[assistant]\n"
        assert 0 < example.prompt_length < len(example.ids)
        assert example.ids[-1] == tokenizer.eos_token_id
        told = (tokenizer.decode(example.ids[: example.prompt_length]), tokenizer.decode(example.ids[:-1]))
        assert [unicodedata.normalize("NFC", part) for part in told] == [
            unicodedata.normalize("NFC", part) for part in (prompt, prompt + answer.strip())
        ]
    assert seen > 200


def examples(rng: Random) -> list[Example]:
    lengths = [rng.randint(2, 40) for _ in range(rng.randint(1, 17))]
    return [Example([rng.randint(1, 99) for _ in range(length)], rng.randint(1, length - 1)) for length in lengths]


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_batch_holds_its_rows_whatever_their_lengths(side: str) -> None:
    rng = Random(side)
    for _ in range(100):
        rows = examples(rng)
        batch = collate(rows, pad_id=0, side=side)  # type: ignore[arg-type]
        for at, row in enumerate(rows):
            real = batch.attention_mask[at].bool()
            assert batch.input_ids[at][real].tolist() == row.ids
            assert batch.position_ids[at][real].tolist() == list(range(len(row.ids)))
            labels = batch.labels[at]
            assert labels[labels != IGNORE_INDEX].tolist() == row.ids[row.prompt_length :]
            assert batch.input_ids[at, batch.positions[at]] == row.ids[row.prompt_length - 1]
        assert int((batch.labels != IGNORE_INDEX).sum()) == sum(row.n_labels for row in rows)


def test_groups_by_length_hold_every_row_once() -> None:
    rng = Random(3)
    for _ in range(200):
        lengths, size = [rng.randint(0, 9) for _ in range(rng.randint(0, 40))], rng.randint(1, 9)
        groups = length_groups(lengths, size)
        assert sorted(sum(groups, [])) == list(range(len(lengths)))
        assert all(1 <= len(group) <= size for group in groups)
        flat = [lengths[index] for index in sum(groups, [])]
        assert flat == sorted(flat)


def losses(rng: np.random.Generator, shape: int | tuple[int, int]) -> np.ndarray:
    """Nats a label, up to 600: their exponentials are floats."""
    return np.asarray(np.minimum(600.0, 10 ** rng.uniform(-6, 3, shape)))


def test_metrics_of_questions_lie_in_their_range_whatever_the_losses() -> None:
    """Likelihoods from certain to far below what a float holds."""
    rng = np.random.default_rng(4)
    for _ in range(200):
        size, wrong = int(rng.integers(1, 9)), int(rng.integers(1, 6))
        rows = pd.DataFrame()
        for name in ("answer", "paraphrased"):
            rows[f"n_{name}"] = rng.integers(1, 300, size)
            rows[f"nll_{name}"] = losses(rng, size) * rows[f"n_{name}"]
        labels = rng.integers(1, 300, (size, wrong))
        rows["n_perturbed"], rows["nll_perturbed"] = list(labels), list(losses(rng, (size, wrong)) * labels)
        for role in ("forget", "keep", "world"):
            for metric in (metrics.probability, metrics.truth_ratio):
                values = metric(rows, role)
                assert np.isfinite(values).all()
                assert ((values >= 0) & (values <= 1)).all(), (metric.__name__, role)


def test_rouge_recall_lies_between_none_and_all_of_the_reference() -> None:
    rng = Random(5)
    for _ in range(300):
        generated, reference = text(rng, 20), f"word {text(rng, 20)}"
        assert 0 <= rouge_l_recall(generated, reference) <= 1
        assert rouge_l_recall(reference, reference) == 1


def test_an_area_under_the_curve_and_its_reverse_add_to_one() -> None:
    rng = np.random.default_rng(6)
    for _ in range(100):
        mine, theirs = rng.integers(0, 5, int(rng.integers(1, 20))), rng.integers(0, 5, int(rng.integers(1, 20)))
        area = run_metrics.auroc(mine.astype(float), theirs.astype(float))
        assert 0 <= area <= 1
        assert area + run_metrics.auroc(theirs.astype(float), mine.astype(float)) == pytest.approx(1)


def test_the_same_seed_gives_the_same_order_on_every_call() -> None:
    from grunflow.data.batching import epoch_order

    for seed in range(20):
        first, second = (epoch_order(50, torch.Generator().manual_seed(seed)) for _ in range(2))
        assert first == second
        assert sorted(first) == list(range(50))
