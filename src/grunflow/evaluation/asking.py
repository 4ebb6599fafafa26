"""What every probe is given: a model with its carriers, and how it is to be asked.

A probe is one file of evaluation/probes/ that defines `probe(asking, spec) -> {name: frame}`, a row per question with `set` and
`index`; frames of one name are put together. For plans it states GENERATES (whether the model writes answers), ANSWERS (texts
that are scored per question), QUESTION_TOKENS (null: the benchmark's lengths) and PER_BLOCK (costs/asking.py); for conditions BESIDE,
whether it reads `Asking.beside` and `Asking.baseline`, and FORMS, whether it takes its
questions from `Asking.rows` and their form from `Asking.form`, so that another prompt form reaches it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grunflow.carriers.stack import Stack
from grunflow.config.chat import Chat
from grunflow.config.sets import DataSet, ProbeSpec
from grunflow.data.picking import evenly
from grunflow.data.records import read_rows
from grunflow.evaluation.answering import Asker
from grunflow.evaluation.form import Form
from grunflow.evaluation.guard import Guard, GuardedAsker, GuardedForm
from grunflow.progress import track

Row = dict[str, Any]
OTHERS = "paraphrased_question"  # the same question in other words


@dataclass(frozen=True)
class Asking:
    """A condition asks otherwise by putting another value in place of one of these (`dataclasses.replace`).

    template: of the run, for sets without one of their own. data: the benchmark's data folder. label: for the heartbeat; empty
    within a training, which has one of its own. sets: all that are asked, for forms that read several. question_of: (set, place in
    it, row) -> the question as it is put; None: as it stands. begins, given: see Form. guard: what stands in front of the model.
    beside: the target model, where the condition reads it too. baseline: the retain model's finished scores under that condition, of
    other runs.
    """

    tokenizer: Any
    stack: Stack
    engine: str
    max_new_tokens: int
    batch_size: int
    template: str | Chat
    data: Path
    label: str
    sets: tuple[DataSet, ...] = ()
    question_of: Callable[[DataSet, int, Row], str] | None = None
    begins: str = ""
    given: int = 0
    guard: Guard | None = None
    beside: Stack | None = None
    baseline: Path | None = None

    def each(self, spec: ProbeSpec) -> Iterator[DataSet]:
        """The probe's sets, with a heartbeat at each."""
        steps = track(len(spec.sets), self.label) if self.label else range(len(spec.sets))
        yield from (spec.sets[step] for step in steps)

    def asker(self, asked: DataSet) -> Asker:
        length = asked.max_new_tokens or self.max_new_tokens
        if self.guard is None:
            return Asker(self.stack, self.tokenizer, self.engine, length, self.batch_size)
        return GuardedAsker(self.stack, self.tokenizer, self.engine, length, self.batch_size, self.guard)

    def form(self, asked: DataSet) -> Form:
        """How a set's questions and answers become tokens."""
        template = asked.template or self.template
        if self.guard is None:
            return Form(self.tokenizer, template, self.begins, self.given)
        return GuardedForm(self.tokenizer, template, self.begins, self.given, self.guard.refusal)

    def rows(self, asked: DataSet, keys: tuple[str, ...] = ("question", "answer")) -> list[Row]:
        """The set's rows: all, or so many of them, evenly spaced; with their questions as they are put. Of a question that is put
        otherwise there are no other words."""
        rows = read_rows(self.data / asked.file, keys)
        rows = [rows[place] for place in evenly(asked.rows, len(rows))]
        if self.question_of is None:
            return rows
        return [
            {key: value for key, value in row.items() if key != OTHERS}
            | {"question": self.question_of(asked, place, row)}
            for place, row in enumerate(rows)
        ]
