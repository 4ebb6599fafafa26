"""What a study may set of WMDP: where corpora and questions come from, and how texts are cut."""

from typing import Annotated, ClassVar

from pydantic import Field, model_validator

from grunflow.config.base import NAME, Seed, Strict
from grunflow.config.benchmarks import BenchmarkKeys
from grunflow.config.sets import Cut, Source

Name = Annotated[str, Field(pattern=NAME)]
CRAFT_FORGET, CRAFT_KEEP = "forget_domain", "retain_domain"


class Craft(Strict):
    """Sizes of the benign made-up domains (craft.py)."""

    seed: Seed = Field(0, description="decides every thing and fact")
    things: int = Field(40, ge=8, le=60, description="invented substances, and as many breads")


class Sources(Strict):
    """Where the texts come from: `craft`, or `forget` and `retain`."""

    craft: Craft | None = Field(None, description="generate two made-up domains; this or `forget`")
    forget: dict[Name, Source] = Field({}, description="domain -> corpus to forget")
    retain: Source | None = Field(None, description="corpus to keep")
    summaries: dict[Name, Source] = Field({}, description="domain -> texts that edits (reft, grun) forget instead")
    retain_summaries: Source | None = Field(None, description="texts that edits keep instead of `retain`")
    questions: dict[Name, Source] = Field(
        {}, description="task -> multiple-choice questions, scored in the authors' form too (<task>_grun)"
    )

    @model_validator(mode="after")
    def _one_source(self) -> "Sources":
        if (self.craft is None) == (not self.forget) or (self.retain is None) == bool(self.forget):
            raise ValueError("give craft (generated domains), or forget and retain (corpora), one of the two")
        return self


class Tasks(Strict):
    """lm-eval's tasks or groups by role; of `craft` its two domains."""

    forget: tuple[Name, ...] = Field(min_length=1, description="what is to be forgotten")
    keep: tuple[Name, ...] = Field((), description="what is to be kept")


class Keys(BenchmarkKeys):
    """WMDP: corpora to forget, judged by multiple-choice questions."""

    LATER: ClassVar[frozenset[str]] = BenchmarkKeys.LATER | {"texts", "limit"}

    sources: Sources = Field(description="where the texts come from")
    tasks: Tasks = Field(description="what is asked")
    texts: Cut = Field(Cut(), description="how corpora are cut into training texts; overrides may set it per method")
    limit: int | None = Field(None, ge=1, description="questions of each task, the first ones; null takes all")

    @model_validator(mode="after")
    def _tasks_are_known(self) -> "Keys":
        if self.sources.craft and {*self.tasks.forget, *self.tasks.keep} - {CRAFT_FORGET, CRAFT_KEEP}:
            raise ValueError(f"the made-up domains are {CRAFT_FORGET} and {CRAFT_KEEP}: tasks may name these alone")
        unknown = self.sources.questions.keys() - {*self.tasks.forget, *self.tasks.keep}
        if unknown:
            raise ValueError(f"sources.questions names {', '.join(sorted(unknown))}, which is none of tasks")
        return self
