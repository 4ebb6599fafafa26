"""A run's model, restored along the chain of folders that it was made from."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

from grunflow.carriers.stack import FOLDER, Stack, saved_spec
from grunflow.carriers.summed import Summed
from grunflow.config.facts import CARRIER
from grunflow.config.models import Model
from grunflow.config.outside import load
from grunflow.config.terms import whole_at
from grunflow.errors import BadInput
from grunflow.manifest import identity, read_manifest
from grunflow.models import offloaded
from grunflow.models.loading import load_config, place_of, shapes_of, start_config, start_model, start_tokenizer

Purpose = Literal["read", "asked", "trained"]


class Subject(NamedTuple):
    """What is trained further, or asked."""

    tokenizer: Any
    stack: Stack


def restored(
    model: Model,
    links: Sequence[Path],
    share: float = 1.0,
    files: Iterable[Path] = (),
    purpose: Purpose = "read",
) -> Subject:
    """A model and the carriers on it, with its tokenizer. Arguments and errors: those of `stacked`."""
    stack = stacked(model, links, share, files, purpose)
    return Subject(start_tokenizer(model, links), stack)


def stacked(
    model: Model,
    links: Sequence[Path],
    share: float = 1.0,
    files: Iterable[Path] = (),
    purpose: Purpose = "read",
) -> Stack:
    """A model and the carriers on it.

    Args:
        links: finished folders, each made from those before it: first a fine-tuned model (none where the hub's own is the
            start), then runs, each with a carrier.
        share: of the last carrier, how far from what it lies on (0) to what was trained (1).
        files: that the command was given; a carrier of the user's own may be among them.
        purpose: "trained": the last carrier is trained on. "asked": it is only asked, and so may be larger than the GPU
            (models/offloaded.py). "read": its weights or states are wanted whole.

    Raises:
        BadInput: a folder without a carrier, or one that was trained on something else than lies before it, or of another shape.
    """
    links = list(links)
    first = 1 if isinstance(place_of(model, links)[0], Path) else 0
    for number in range(first, len(links)):
        _check_link(links, number)
    whole = _whole(links, first, share, files)
    if whole is not None:
        _check_shapes(model, links, links[whole])
    start = links if whole is None else [links[whole] / FOLDER]
    stack = Stack((offloaded.start_model if purpose == "asked" else start_model)(model, start))
    for number in range(first, len(links)):
        last = number == len(links) - 1
        in_place = whole is not None and number <= whole
        stack.restore(links[number], share if last else 1.0, files, last and purpose == "trained", in_place=in_place)
    stack.model.eval()
    return stack


def _whole(links: list[Path], first: int, share: float, files: Iterable[Path]) -> int | None:
    """The last link whose folder holds all weights as they then were, so that none before it need be read."""
    taken = links[first:] if share == 1.0 else links[first:-1]
    carriers = [load(CARRIER, saved_spec(link), files) for link in taken]
    found = whole_at((carrier.TRAINS, getattr(carrier, "WHOLE", False)) for carrier in carriers)
    return None if found is None else first + found


def _check_shapes(model: Model, links: list[Path], link: Path) -> None:
    """The model that the link saved has the parameters of the one that the links begin with."""
    if shapes_of(start_config(model, links)) != shapes_of(load_config(link / FOLDER)):
        raise BadInput(f"{link / FOLDER}: its weights are of another model; run the stage again.")


def summed(
    model: Model, start: Sequence[Path], runs: Sequence[Path], factor: float, files: Iterable[Path] = ()
) -> Subject:
    """A model with the edits of several runs added up, each of which was trained on it by itself; it is only asked.

    Args:
        start: as `links` of `restored`: what the runs started from.
        runs: their folders.
        factor: of the sum.
    """
    start = list(start)
    subject = restored(model, start, files=files, purpose="asked")
    beneath = len(subject.stack.carriers)
    for run in runs:
        _check_link([*start, run], len(start))
        subject.stack.restore(run, files=files)
    parts = subject.stack.carriers[beneath:]
    subject.stack.carriers[beneath:] = [Summed(parts, subject.stack.model, factor)]
    return subject


def restorer(model: Model, links: Sequence[Path], files: Iterable[Path] = ()) -> Callable[[float], Subject]:
    """share -> the run's model with the last carrier applied to that share, to be asked. The model is loaded once: asked again, with a
    larger share, the same is given, changed."""
    known: list[Subject] = []
    shares: list[float] = []

    def at(share: float) -> Subject:
        if not known:
            known.append(restored(model, links, share, files, purpose="asked"))
        elif share != shares[-1]:
            known[0].stack.rescale(links[-1], share)
        shares.append(share)
        return known[0]

    return at


def _check_link(links: list[Path], number: int) -> None:
    """The folder's own record says what it started from: by the folders' names, but each link's record is one longer than that
    of the link before it."""
    recorded = sorted(read_manifest(links[number])["inputs"].get("start", {}).values())
    here = sorted(identity(read_manifest(link)) for link in links[:number])
    if recorded != here:
        told = ", ".join(map(str, links[:number])) or "the hub's model"
        raise BadInput(
            f"{links[number]}: was trained on something else than {told}; run the stage that makes it again (snakemake does)."
        )
