"""How many rows a job reads and how long they are: what costs follow from before any data is there."""

from collections.abc import Iterable
from dataclasses import replace

from grunflow.benchmarks.base import Benchmark, Lengths, declared
from grunflow.config.conventions import Conventions
from grunflow.config.sets import DataSet, Paired, StreamSpec, Turns
from grunflow.config.study import Resolved
from grunflow.costs.flops import Extent
from grunflow.data.picking import places

CHAT_TOKENS = (
    40  # assumed: a chat template's date, a short system prompt and the marks of three turns, beyond a plain prompt
)


def benchmark_of(study: Resolved, name: str) -> Benchmark:
    """A study's benchmark, with the lengths of texts in the study's templates."""
    found = declared(study.benchmark(name))
    own = {each: in_form(long, study.conventions) for each, long in found.own_lengths.items()}
    return replace(found, lengths=in_form(found.lengths, study.conventions), own_lengths=own)


def in_form(long: Lengths, conventions: Conventions) -> Lengths:
    """The lengths of texts in the study's templates, of which one may be a chat's."""
    more = CHAT_TOKENS if conventions.chats else 0
    return long._replace(prompt=long.prompt + more, longest=long.longest + more)


def batch(long: Lengths, rows: int) -> Extent:
    """A padded batch of mean rows; one row alone is not padded."""
    width = (long.prompt + long.answer) * (long.padded if rows > 1 else 1.0)
    return Extent(round(rows * width), round(rows * width * width), rows)


def longest_batch(longest: int, rows: int) -> Extent:
    return Extent(rows * longest, rows * longest**2, rows)


def pack(long: Lengths, rows: int) -> Extent:
    """The fast engine's: positions from the edited one on; attention alone is padded."""
    width = (long.prompt + long.answer) * long.padded
    return Extent(rows * long.answer, round(rows * long.answer * long.padded * width), rows)


def text_pack(long: Lengths, rows: int, whole: bool = False) -> Extent:
    """Whole texts without padding, the head at answers alone unless a loss is of the whole text; attention is padded a little
    (training/text_pack.py)."""
    width = long.prompt + long.answer
    return Extent(rows * width, round(rows * width * width * 1.2), rows, 0 if whole else rows * long.prompt)


def heaviest(long: Lengths, rows: int, edited: bool) -> Extent:
    """The largest of a run's packs. A row alone is the longest; of n together each is beyond the mean by what the longest is, over
    2 sqrt(n) - 1: three standard deviations of their mean, where the longest lies at six. edited: positions from the edited one on alone
    (training/frozen_pack.py)."""
    beyond = (long.longest - long.prompt - long.answer) / (2 * rows**0.5 - 1)
    answer = round(long.answer + beyond)
    prompt = 0 if edited else long.prompt
    width = prompt + answer
    return Extent(rows * width, rows * width * (long.prompt + answer), rows, rows * prompt)


def lengths(benchmark: Benchmark, stream: StreamSpec) -> Lengths:
    """The lengths of a stream's texts. Corpora whose texts reach the benchmark's own cut are taken for as long as this stream's,
    shorter ones for what they are; an edit acts at `fraction` of a text."""
    own = benchmark.lengths
    if not isinstance(stream, Turns):
        return own
    usual = benchmark.stream(False, "fresh", {})
    reaches = isinstance(usual, Turns) and own.longest >= usual.texts.max_tokens
    longest = stream.texts.max_tokens if reaches else min(own.longest, stream.texts.max_tokens)
    mean = longest if reaches else min(own.prompt + own.answer, longest)
    prompt = int(mean * stream.texts.fraction)
    return Lengths(prompt, mean - prompt, own.padded, longest)


def forgotten(benchmark: Benchmark, stream: StreamSpec) -> int:
    """Forget rows that a run reads in an epoch."""
    if isinstance(stream, Paired):
        return len(places(stream.picked, benchmark.rows.get(stream.forget, 0)))
    return _cut(benchmark, stream, stream.forget.values())


def kept(benchmark: Benchmark, stream: StreamSpec) -> int:
    """Retain rows that runs may read: all of them, but where partners are fixed as many as forget rows."""
    if isinstance(stream, Paired) and stream.sampling == "fixed_partner" and not stream.replayed:
        return forgotten(benchmark, stream)
    replayed = [stream.replay, stream.beside] if isinstance(stream, Paired) and stream.replayed else []
    return _cut(benchmark, stream, [stream.retain, *replayed])


def _cut(benchmark: Benchmark, stream: StreamSpec, files: Iterable[str]) -> int:
    """Rows of files, of each at most as many as the stream takes; a file of which the benchmark says nothing counts none."""
    most = stream.texts.samples if isinstance(stream, Turns) else None
    return sum(min(rows, most or rows) for rows in (benchmark.rows.get(file, 0) for file in files))


def of_set(benchmark: Benchmark, asked: DataSet) -> int:
    """Questions of a set."""
    known = benchmark.rows.get(asked.file) or benchmark.rows.get(asked.name) or asked.rows or 0
    return min(known, asked.rows or known)
