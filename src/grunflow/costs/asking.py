"""What it costs to put a benchmark's probes to a model: literals of a probe's file say how it asks.

ANSWERS: texts per question that are scored. QUESTION_TOKENS: length of each of them, where every answer is a text of its own with
the question before it; None: the benchmark's lengths, and the prompt is read once for all answers. GENERATES: whether an answer is
written, too. PER_BLOCK: whether each text is read whole by two models, and once more for every block. A benchmark that knows a set better says so (`own_lengths`).
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from grunflow.benchmarks.base import Benchmark
from grunflow.config.facts import PROBE, fact_of
from grunflow.config.sets import DataSet, ProbeSpec
from grunflow.costs import reads
from grunflow.costs.flops import Extent, forward
from grunflow.costs.hardware import Device, compute_seconds
from grunflow.costs.shapes import Shapes

LONGEST_QUESTION = 512  # tokens; of a probe with questions of its own length
# Bytes of a row of scores: with the generated answer, and without.
WRITTEN_ROW, SCORED_ROW = 4096, 512
NO_TEXTS = Extent(0, 0, 0)


@dataclass(frozen=True)
class Asked:
    """scored: what is computed of all questions, half of the longest generation included. reads: how often the weights are read
    to generate (every new token of a batch reads them; half of the tokens are written on average). longest: a row's tokens.
    labels: of them those that are scored, on average; heads: those at which the head is run where texts are not packed. remembered: tokens
    whose keys and values are kept of each row: of its prompt, and once more in a row that grows, padded, with what is written. texts: of the
    largest set, which are asked together, `least` of them however few are asked for (answers behind one prompt). alone: of
    `scored` the texts that are scored by themselves, of so many `sets`."""

    scored: Extent
    reads: float = 0.0
    longest: int = 0
    labels: int = 0
    heads: int = 0
    kept_bytes: int = 0
    remembered: int = 0
    texts: int = 0
    least: int = 1
    alone: Extent = NO_TEXTS
    sets: int = 0

    def __add__(self, other: "Asked") -> "Asked":
        return Asked(
            _sum(self.scored, other.scored), self.reads + other.reads, max(self.longest, other.longest), max(self.labels, other.labels),
            max(self.heads, other.heads), self.kept_bytes + other.kept_bytes, max(self.remembered, other.remembered),
            max(self.texts, other.texts), max(self.least, other.least), _sum(self.alone, other.alone), self.sets + other.sets,
        )  # fmt: skip


NOTHING = Asked(NO_TEXTS)


def _sum(one: Extent, other: Extent) -> Extent:
    return Extent(*map(sum, zip(one, other, strict=True)))


def asked(benchmark: Benchmark, probes: Iterable[ProbeSpec], new_tokens: int, batch_size: int, layers: int) -> Asked:
    """All probes, put once to one model of so many blocks; sets without a length of their own get answers of up to `new_tokens`."""
    every = ((probe, item) for probe in probes for item in probe.sets)
    return sum((_asked(benchmark, probe, item, new_tokens, batch_size, layers) for probe, item in every), NOTHING)


def seconds(found: Asked, device: Device, shapes: Shapes, weights: int) -> float:
    """To put it to one model of so many bytes: what is scored, and then the tokens of every batch one after the other."""
    scoring = compute_seconds(device, forward(shapes).flops(found.scored), weights)
    return scoring + compute_seconds(device, 0, found.reads * weights, found.reads * shapes.layers)


def _asked(
    benchmark: Benchmark, probe: ProbeSpec, item: DataSet, new_tokens: int, batch_size: int, layers: int
) -> Asked:
    kind = probe.kind
    questions, own = reads.of_set(benchmark, item), benchmark.own_lengths.get(item.name)
    if limit := probe.options.get("limit"):
        questions = min(questions, limit * benchmark.tasks.get(item.name, 1))
    long = own or benchmark.lengths
    answers, width = _fact(kind, "ANSWERS", 1), _fact(kind, "QUESTION_TOKENS", None)
    answers = min(answers, long.answers or answers) if probe.options.get("others", True) else 1
    writes = _fact(kind, "GENERATES", False) and probe.options.get("written", True)
    written = (item.max_new_tokens or new_tokens) if writes else 0
    draws = probe.options.get("draws", 1)
    passes = math.ceil(questions * draws / batch_size) * written / 2
    kept = questions * (WRITTEN_ROW if written else SCORED_ROW)
    if width is not None:
        texts, option = questions * answers, own.answer if own else 1
        width = own.prompt + own.answer if own else width
        longest = own.longest if own else LONGEST_QUESTION
        scored = Extent(texts * width, texts * width**2, texts, texts * (width - option))
        return Asked(scored, passes, longest, option, option, kept, texts=texts, alone=scored, sets=1)
    tokens = questions * (long.prompt + answers * long.answer + draws * (written // 2))
    times = 2 + len(probe.options.get("blocks") or range(layers)) if _fact(kind, "PER_BLOCK", False) else 1
    attended = tokens * (long.prompt + long.answer)
    scored = Extent(*(times * part for part in (tokens, attended, questions, questions * long.prompt)))
    remembered = long.prompt + (round(long.prompt * long.padded) + written if written else 0)
    together = max(answers, draws)
    return Asked(
        scored, passes, long.longest, long.answer, long.longest, kept, remembered, questions * together, together
    )


def _fact(kind: str, fact: str, default: Any) -> Any:
    return fact_of(PROBE, kind, fact, default)
