"""What a model is asked, and what training reads, as specs hold it: files below a benchmark's data folder."""

from typing import Annotated, Any, Literal

from pydantic import Field

from grunflow.config.base import NAME, Strict

Role = Literal["forget", "keep", "world", "holdout"]


class DataSet(Strict):
    """Questions or texts that are put to a model, in the one schema of `sets/<name>.jsonl` (docs/extending.md)."""

    name: str = Field(pattern=NAME)
    role: Role = Field(
        description="forget: to be forgotten; keep: to be kept; world: general knowledge; holdout: never seen"
    )
    file: str = Field(description="below the data folder; empty where the probe has its questions from elsewhere")
    template: str | None = Field(None, description="prompt template; null: the run's")
    max_new_tokens: int | None = Field(None, ge=1, description="length of generated answers; null: the study's")
    rows: int | None = Field(None, ge=1, description="so many rows, evenly spaced; null: all")


class Source(Strict):
    """Rows of a dataset on the hub, or of a local file of JSON lines (or of bare text lines)."""

    repo: str | None = Field(None, description="dataset on the hub")
    revision: str | None = Field(None, description="commit of the repository; null takes the newest")
    config: str | None = Field(None, description="configuration of the dataset, as cyber-forget-corpus")
    split: str = Field("train", description="split of the dataset")
    file: str | None = Field(None, description="read this local file instead of the hub")
    field: str = Field("text", description="the key that holds the text")
    raw: bool = Field(False, description="take every line as a text as it stands, JSON too (RMU's cyber corpus)")


class ProbeSpec(Strict):
    """A probe (a file of evaluation/probes) and the sets that it is put to."""

    kind: str
    sets: tuple[DataSet, ...]
    options: dict[str, Any] = Field({}, description="what this probe reads beside its sets")


Spacing = Literal["geometric", "even"]


class Snapshots(Strict):
    """The trade-off recorded on the way: at the start, the last step, and between."""

    count: int = Field(4, ge=0, description="snapshots after the start; 0: none")
    spacing: Spacing = Field(
        "geometric", description="of their steps: by a constant factor, as most is forgotten early; or evenly"
    )
    steps: tuple[Annotated[int, Field(ge=1)], ...] = Field(
        (), description="these steps in place of `count` of them, and the last one; later ones are left out"
    )
    questions: int = Field(20, ge=1, description="questions asked of each set")


class Picked(Strict):
    """Some rows of a file. It is taken to be of `parts` equal parts in its order; of those from `first` up to, without, `last`
    so many `rows`, drawn, always the same ones; null: all of them."""

    parts: int = Field(1, ge=1)
    first: int = Field(0, ge=0)
    last: int = Field(1, ge=1)
    rows: int | None = Field(None, ge=1)


class Paired(Strict):
    """Training reads questions: each forget row with a refusal and a retain row beside it (training/streams/paired.py)."""

    kind: Literal["paired"] = "paired"
    forget: str
    retain: str
    refusals: str
    sampling: Literal["fresh", "fixed_partner"] = "fresh"
    replay: str = Field(
        "", description="rows of what the base model knew; `replayed` of them are mixed into the retain rows"
    )
    replayed: int = Field(0, ge=0)
    beside: str = Field("", description="with replayed rows all of these, too")
    # Left out of a spec that has none: specs from before are the same.
    picked: Picked | None = Field(
        None, description="of the forget rows; null: all", exclude_if=lambda value: value is None
    )


class Cut(Strict):
    """How corpora are cut into training texts."""

    min_length: int = Field(0, ge=0, description="characters; shorter texts are left out")
    max_tokens: int = Field(512, ge=4, description="longer texts are cut")
    samples: int | None = Field(None, ge=1, description="texts of each corpus, the first ones; null takes all")
    fraction: float = Field(0.8, gt=0, le=1, description="edits act at this part of a text's tokens")
    mixed: bool = Field(False, description="draw a batch from all forget corpora together, not from each in turn")


class Turns(Strict):
    """Training reads corpora: the forget corpora take turns, step by step (training/streams/turns.py)."""

    kind: Literal["turns"] = "turns"
    forget: dict[str, str] = Field(description="corpus -> file")
    retain: str
    texts: Cut = Cut()
    sampling: Literal["fresh", "fixed_partner"] = "fresh"


StreamSpec = Paired | Turns
