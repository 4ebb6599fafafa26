"""Questions: a step reads forget rows, with their answers, refusals or both, and a retain row beside each."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from grunflow.config.chat import Chat
from grunflow.config.sets import Paired
from grunflow.data.pairing import pairing, partners
from grunflow.data.picking import places
from grunflow.data.prompts import Example, encode
from grunflow.data.records import read_refusals, read_rows
from grunflow.seeds import generator
from grunflow.training.loop import batches
from grunflow.training.streams.base import Needs, Reading, by_length

OFFERS = ("answers", "refusals")
Step = list[tuple[int, int | None]]  # forget row, and the retain row beside it


class Questions:
    """Each forget row with one refusal and, by `sampling`, its retain rows; none of the replayed rows is evaluated."""

    def __init__(self, spec: Paired, data: Path, tokenizer: Any, template: str | Chat, seed: int, needs: Needs) -> None:
        self.spec, self.seed, self.needs = spec, seed, needs
        rows = forget_rows(spec, data)
        self.rows = len(rows)
        self.forget = [encode(tokenizer, row["question"], row["answer"], template) for row in rows]
        self.refusals: list[Example] = []
        if needs.refusals:
            refusals = read_refusals(data / spec.refusals)
            drawn = torch.randint(len(refusals), (len(rows),), generator=generator(seed, "refusals")).tolist()
            self.refusals = [
                encode(tokenizer, row["question"], refusals[i], template) for row, i in zip(rows, drawn, strict=True)
            ]
        kept = read_rows(data / spec.retain)
        if spec.replayed:
            replay = read_rows(data / spec.replay)
            picked = torch.randperm(len(replay), generator=generator(seed, "replay"))[: spec.replayed]
            kept += [replay[i] for i in picked.tolist()] + read_rows(data / spec.beside)
        self.retain = [encode(tokenizer, row["question"], row["answer"], template) for row in kept]

    def order(self) -> Iterator[Step]:
        partner = pairing(self.spec.sampling, len(self.retain), generator(self.seed, "partners"))
        for indices in batches(self.rows, self.needs.batch_size, generator(self.seed, "order")):
            yield [(index, partner(index) if self.needs.keeps else None) for index in indices]

    def read(self, step: Step) -> Reading:
        """Questions with answer and refusal belong together; the mean of the retain rows is their own."""
        asked = [
            (self.forget[index] if self.needs.answers else None, self.refusals[index] if self.needs.refusals else None)
            for index, _ in step
        ]
        kept = [self.retain[beside] for _, beside in step if beside is not None]
        if self.needs.pairs:
            order = sorted(range(len(asked)), key=lambda row: by_length((*asked[row], kept[row])))
            return Reading([asked[row] for row in order], [kept[row] for row in order])
        return Reading(sorted(asked, key=by_length), sorted(kept, key=lambda example: len(example.ids)))

    def every(self) -> list[Example]:
        kept = (self.retain[index] for index in partners(self.spec.sampling, self.rows, len(self.retain)))
        return [*self.forget, *self.refusals, *kept]

    def compared(self) -> list[Example]:
        return [*self.forget, *self.refusals]


def forget_rows(spec: Paired, data: Path) -> list[dict[str, Any]]:
    """The rows that are to be forgotten, in the file's order."""
    rows = read_rows(data / spec.forget)
    return [rows[place] for place in places(spec.picked, len(rows))]


def stream(spec: Paired, data: Path, tokenizer: Any, template: str | Chat, seed: int, needs: Needs) -> Questions:
    """The questions of one run."""
    return Questions(spec, data, tokenizer, template, seed, needs)


def shared(spec: Paired, data: Path, tokenizer: Any, template: str | Chat) -> list[Example]:
    """What runs of any seed may read, refusals aside: of the retain rows, where partners are fixed, those alone."""
    forget, retain = forget_rows(spec, data), read_rows(data / spec.retain)
    if spec.replayed:
        rows = [*forget, *retain, *read_rows(data / spec.replay), *read_rows(data / spec.beside)]
    else:
        rows = [*forget, *(retain[index] for index in partners(spec.sampling, len(forget), len(retain)))]
    return [encode(tokenizer, row["question"], row["answer"], template) for row in rows]
