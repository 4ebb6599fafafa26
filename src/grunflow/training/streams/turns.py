"""Corpora: the forget corpora take turns, step by step, with as many texts to keep beside them."""

from collections.abc import Iterator
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from grunflow.config.chat import Chat
from grunflow.config.sets import Turns
from grunflow.data.pairing import endless, fixed_partner
from grunflow.data.prompts import Example, encode, encode_text
from grunflow.data.records import read_rows
from grunflow.errors import BadInput
from grunflow.seeds import generator
from grunflow.training.loop import batches
from grunflow.training.streams.base import Needs, Reading

OFFERS = ("answers",)
Step = tuple[list[tuple[str, int]], list[int]]  # (corpus, row of it) of each text to forget; retain rows


class Corpora:
    """Taken in turn every batch is whole, so that forget and retain batches have one size; each pass has a fresh order."""

    def __init__(self, spec: Turns, data: Path, tokenizer: Any, template: str | Chat, seed: int, needs: Needs) -> None:
        self.spec, self.seed, self.needs = spec, seed, needs
        read = partial(examples_of, spec=spec, tokenizer=tokenizer, template=template)
        self.forget = {name: read(data / file, labels=needs.labels) for name, file in spec.forget.items()}
        self.retain = read(data / spec.retain, labels=needs.labels and needs.keeps)
        self.rows = sum(len(examples) for examples in self.forget.values())

    def order(self) -> Iterator[Step]:
        """Corpora in turn, each batch of one; or (`mixed`) batches of all of them together, the last of a pass smaller."""
        if self.spec.texts.mixed:
            yield from self._mixed()
            return
        size = self.needs.batch_size
        sizes = {
            **{f"order {name}": len(examples) for name, examples in self.forget.items()},
            "partners": len(self.retain),
        }
        drawn = [whole(batches(rows, size, generator(self.seed, purpose)), size) for purpose, rows in sizes.items()]
        names = list(self.forget)
        for step in count():
            corpus = step % len(names)
            rows = next(drawn[corpus])
            yield [(names[corpus], index) for index in rows], self._partners(rows) or next(drawn[-1])

    def _mixed(self) -> Iterator[Step]:
        every = [(name, index) for name, examples in self.forget.items() for index in range(len(examples))]
        fresh = endless(len(self.retain), generator(self.seed, "partners"))
        for rows in batches(len(every), self.needs.batch_size, generator(self.seed, "order")):
            yield [every[row] for row in rows], self._partners(rows) or [next(fresh) for _ in rows]

    def _partners(self, rows: list[int]) -> list[int]:
        """The retain text of each forget text, where it has one for all passes."""
        if self.spec.sampling != "fixed_partner":
            return []
        return [fixed_partner(row, len(self.retain)) for row in rows]

    def read(self, step: Step) -> Reading:
        rows, kept = step
        asked = [(self.forget[name][index], None) for name, index in rows]
        return Reading(asked, [self.retain[index] for index in kept] if self.needs.keeps else [])  # type: ignore[arg-type]

    def every(self) -> list[Example]:
        return [*self.compared(), *self.retain]

    def compared(self) -> list[Example]:
        return [example for examples in self.forget.values() for example in examples]


def stream(spec: Turns, data: Path, tokenizer: Any, template: str | Chat, seed: int, needs: Needs) -> Corpora:
    """The corpora of one run."""
    return Corpora(spec, data, tokenizer, template, seed, needs)


def shared(spec: Turns, data: Path, tokenizer: Any, template: str | Chat) -> list[Example]:
    """What runs of any seed may read."""
    return Corpora(spec, data, tokenizer, template, 0, Needs(True, False, True, 1)).every()


def examples_of(path: Path, spec: Turns, tokenizer: Any, template: str | Chat, labels: bool = False) -> list[Example]:
    """Texts, edited at a fraction of their tokens, or questions with answers, edited at the last prompt token.

    Args:
        labels: a token must lie behind the edited one.

    Raises:
        BadInput: all texts are too short, or one has no token to be read.
    """
    rows = list(enumerate(read_rows(path, ()), start=1))
    lengths = [sum(len(value) for value in row.values()) for _, row in rows]
    kept = [item for item, length in zip(rows, lengths, strict=True) if length > spec.texts.min_length]
    place = f"{path.parent.name}/{path.stem}"
    if not kept:
        raise BadInput(
            f"texts.min_length: got {spec.texts.min_length}, but the longest of {len(rows)} texts of {place} has "
            f"{max(lengths)} characters; take a smaller number."
        )
    used = kept[: spec.texts.samples]
    found = [
        encode_text(tokenizer, row["text"], spec.texts.max_tokens, spec.texts.fraction)
        if "text" in row
        else encode(tokenizer, row["question"], row["answer"], template)
        for _, row in used
    ]
    short = [item for item, example in zip(used, found, strict=True) if example.n_labels < labels]
    if short:
        number, row = short[0]
        raise BadInput(
            f"{place} line {number}: {_told(row)!r} has no token behind the edited one, which this method reads; so have {len(short)} of "
            f"{len(used)} texts at texts.fraction {spec.texts.fraction}: leave them out by texts.min_length, or take a smaller fraction."
        )
    return found


def _told(row: dict[str, str]) -> str:
    """How a text begins."""
    return " ".join(row.values())[:40]


def whole(parts: Iterator[list[int]], size: int) -> Iterator[list[int]]:
    """Batches of exactly `size` indices from batches of at most so many."""
    waiting: list[int] = []
    for part in parts:
        waiting += part
        while len(waiting) >= size:
            yield waiting[:size]
            waiting = waiting[size:]
