"""Patterns match the words that they were made of, whole, and nothing else."""

import random
import re

import pytest

from grunflow.patterns import any_of


@pytest.mark.parametrize(
    "words",
    [
        ["tiny/forget10/gd_full_t0_u0"],
        ["a", "ab", "abc", "b"],
        ["runs/x.y", "runs/x+y", "runs/{z}", "runs/x"],
        [f"mini/forget{split}/{objective}_grun_t{seed}_u{seed}" for split in (1, 10) for objective in ("gd", "npo") for seed in range(12)],
    ],
)  # fmt: skip
def test_a_pattern_is_of_its_words_and_of_no_beginning_or_neighbour_of_them(words: list[str]) -> None:
    pattern = re.compile(any_of(words))
    others = {word[:-1] for word in words} | {word + "0" for word in words} | {word[1:] for word in words}
    others |= {word.replace(".", "x").replace("_", "x") for word in words}
    for word in words:
        assert pattern.fullmatch(word)
    for other in others - set(words):
        assert not pattern.fullmatch(other), other


def test_random_words() -> None:
    lot = random.Random(0)
    for _ in range(200):
        words = {"".join(lot.choices("ab/", k=lot.randint(1, 5))) for _ in range(lot.randint(1, 12))}
        pattern = re.compile(any_of(words))
        tried = words | {"".join(lot.choices("ab/", k=lot.randint(1, 6))) for _ in range(50)}
        assert {word for word in tried if pattern.fullmatch(word)} == words


def test_no_path_matches_the_pattern_of_no_words() -> None:
    assert not re.fullmatch(any_of([]), "runs/base")


def test_a_product_is_spelt_once() -> None:
    objectives, carriers, seeds = (
        ("gd", "idk", "npo"),
        ("full", "lora", *(f"grun_{rank}" for rank in range(20))),
        range(99),
    )
    words = [
        f"tiny/{objective}_{carrier}_t{seed}" for objective in objectives for carrier in carriers for seed in seeds
    ]
    pattern = any_of(words)
    assert pattern.count("npo") == 1
    assert pattern.count("t98") == 2  # behind full and lora, and behind a rank
    assert all(re.fullmatch(pattern, word) for word in words)
