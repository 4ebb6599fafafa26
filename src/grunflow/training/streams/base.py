"""What a step reads: a stream of texts to forget, with texts to keep beside them.

A stream is one file of this package that states OFFERS, what an objective may read of it, and defines
`stream(spec, data, tokenizer, template, seed, training) -> Stream`. Everything random in it has a generator of its own, derived
from the seed by name.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from grunflow.data.prompts import Example
from grunflow.errors import BadInput


@dataclass(frozen=True)
class Reading:
    """Examples of one step: what is to be forgotten, each with the refusal put in its place (None where the objective reads none
    of them), and what is to be kept; in the order in which they are cut into micro-batches."""

    forget: list[tuple[Example | None, Example | None]]
    keep: list[Example]

    @property
    def tokens(self) -> int:
        asked = [example for row in self.forget for example in row if example is not None]
        return sum(len(example.ids) for example in (*asked, *self.keep))


@runtime_checkable
class Stream(Protocol):
    """The texts of one run. rows: texts to forget, an epoch. every: all that a run reads. compared: those of them that the
    forget term compares with the model before unlearning."""

    rows: int

    def order(self) -> Iterator[Any]:
        """Endless steps, each drawn once: a function of the seed, so that a resumed run replays it."""
        ...

    def read(self, step: Any) -> Reading: ...

    def every(self) -> list[Example]: ...

    def compared(self) -> list[Example]: ...


@dataclass(frozen=True)
class Needs:
    """What a method reads of a stream. keeps: retain rows, for the retain term or the gate. pairs: each beside its forget row.
    labels: tokens behind the edited one, so that every text must have some."""

    answers: bool
    refusals: bool
    keeps: bool
    batch_size: int
    pairs: bool = False
    labels: bool = False


def by_length(row: tuple[Example | None, ...]) -> int:
    """Tokens of the texts of a row: micro-batches of rows of one length are padded little."""
    return sum(len(example.ids) for example in row if example is not None)


def check_labels(examples: Sequence[Example], tokenizer: Any) -> None:
    """Refuse texts of which terms that read labels would see nothing; a batch of such texts has no loss at all.

    Raises:
        BadInput: some have no token behind the edited one; names the first.
    """
    empty = [example for example in examples if not example.n_labels]
    if empty:
        raise BadInput(
            f"texts: {len(empty)} of {len(examples)} have no token behind the edited one, the first of them "
            f"{tokenizer.decode(empty[0].ids)!r}: raise texts.min_length, lower texts.fraction, or take rmu_positions: tokens."
        )
