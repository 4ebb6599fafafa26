"""What a study may set of TOFU: the generated world in its schema, or the published records."""

from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field, model_validator

from grunflow.benchmarks.base import REFERENCES, RETAIN, TARGET
from grunflow.benchmarks.tofu.splits import HOLDOUT, RETAIN_OF_FORGET
from grunflow.config.base import Seed, Strict
from grunflow.config.benchmarks import BenchmarkKeys

FORGET_SPLITS = tuple(RETAIN_OF_FORGET)
SUBSET = ("retain_authors", "first_author", "forget_authors")


class World(Strict):
    """Sizes of the generated world (TOFU's schema, fictitious authors; see world.py)."""

    seed: Seed = Field(0, description="decides every name, fact and sentence")
    authors: int = Field(40, ge=10, le=200, description="fictitious authors, 20 question-answer pairs each")
    background_authors: int = Field(40, ge=1, le=200, description="authors only the base model is trained on")
    holdout_authors: int = Field(4, ge=1, le=40, description="authors no model is ever trained on")
    facts: int = Field(60, ge=8, le=72, description="rows of real_authors and of world_facts, each")


class Keys(BenchmarkKeys):
    """TOFU: questions about fictitious authors, of whom some are to be forgotten."""

    LATER: ClassVar[frozenset[str]] = BenchmarkKeys.LATER | {"forget_split", "replayed", "questions", "references"}

    world: World | None = Field(
        None, description="generate a small world in TOFU's schema; null: the published records"
    )
    repo: str = Field("locuslab/TOFU", description="the published records on the hub")
    revision: str | None = Field(None, description="commit of the repository; null takes the newest")
    folder: str | None = Field(None, description="read <split>.json here instead of the hub")
    refusals: str | None = Field(None, description="file of refusals, one per line; null takes the project's hundred")
    retain_authors: int | None = Field(
        None,
        ge=1,
        le=180,
        description="a subset: target models learn so many retain authors (20 rows each) and the forget split; null: all",
    )
    first_author: int = Field(0, ge=0, le=179, description="the first of the `retain_authors`, as retain90 has them")
    forget_authors: int | None = Field(
        None, ge=1, le=20, description="of a subset: only the first so many authors of the forget split; null: all"
    )
    questions: int | None = Field(
        None, ge=1, description="ask at most so many questions of each set, evenly spaced; null: all"
    )
    references: tuple[Literal[REFERENCES], ...] = Field(  # type: ignore[valid-type]
        (TARGET, RETAIN), description="models that no method trained, as rows of every table; base: before fine-tuning"
    )
    forget_split: Literal[FORGET_SPLITS] = Field(  # type: ignore[valid-type]
        "forget10", description="what is to be forgotten; the retain split follows from it"
    )
    replayed: int = Field(0, ge=0, description="background and general rows mixed into the retain data of unlearning")

    @property
    def holdout_file(self) -> Path | None:
        """The holdout split of a folder that has it."""
        path = Path(self.folder) / f"{HOLDOUT}.json" if self.folder else None
        return path if path and path.is_file() else None

    @property
    def holds_out(self) -> bool:
        """Whether there are questions that no model is trained on: in a folder that has them, in a generated world, on the hub
        (an old revision without them leaves the attacks blank)."""
        return not self.folder or self.holdout_file is not None

    @model_validator(mode="after")
    def _one_source(self) -> "Keys":
        published = {"repo", "revision", "folder", "refusals", *SUBSET} & self.model_fields_set
        if self.world and any(getattr(self, key) != type(self).model_fields[key].default for key in published):
            raise ValueError("give world (the generated data) or the published records' keys, not both")
        if self.retain_authors is None and (self.first_author or self.forget_authors):
            raise ValueError("first_author and forget_authors are of a subset: give retain_authors, too")
        if not {TARGET, RETAIN} <= set(self.references):
            raise ValueError("references: target and retain are what TOFU's metrics are held against; name both")
        return self
