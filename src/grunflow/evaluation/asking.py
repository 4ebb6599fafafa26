"""What every probe is given: a model with its carriers, and how it is to be asked.

A probe is one file of evaluation/probes/ that defines `probe(asking, spec) -> {name: frame}`, a row per question with `set` and
`index`; frames of one name are put together. For plans it states GENERATES (whether the model writes answers), ANSWERS (texts
that are scored per question) and QUESTION_TOKENS (null: the benchmark's lengths).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grunflow.carriers.stack import Stack
from grunflow.config.chat import Chat
from grunflow.config.sets import DataSet, ProbeSpec
from grunflow.data.records import read_rows
from grunflow.evaluation.answering import Asker
from grunflow.progress import track


@dataclass(frozen=True)
class Asking:
    """template: of the run, for sets without one of their own. data: the benchmark's data folder. label: for the heartbeat; empty
    within a training, which has one of its own."""

    tokenizer: Any
    stack: Stack
    engine: str
    max_new_tokens: int
    batch_size: int
    template: str | Chat
    data: Path
    label: str

    def each(self, spec: ProbeSpec) -> Iterator[DataSet]:
        """The probe's sets, with a heartbeat at each."""
        steps = track(len(spec.sets), self.label) if self.label else range(len(spec.sets))
        yield from (spec.sets[step] for step in steps)

    def asker(self, asked: DataSet) -> Asker:
        return Asker(
            self.stack, self.tokenizer, self.engine, asked.max_new_tokens or self.max_new_tokens, self.batch_size
        )

    def rows(self, asked: DataSet, keys: tuple[str, ...] = ("question", "answer")) -> list[dict[str, Any]]:
        """The set's rows: all, or so many of them, evenly spaced."""
        rows = read_rows(self.data / asked.file, keys)
        return rows if asked.rows is None else rows[:: max(1, len(rows) // asked.rows)][: asked.rows]
