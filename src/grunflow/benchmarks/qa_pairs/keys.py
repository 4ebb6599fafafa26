"""What a study may set of question-answer pairs of the user's own."""

from typing import ClassVar, Literal

from pydantic import Field, field_validator
from pydantic.json_schema import SkipJsonSchema

from grunflow.benchmarks.qa_pairs.contents import NEEDED, Held, survey
from grunflow.config.benchmarks import BenchmarkKeys
from grunflow.config.sets import Role


class Keys(BenchmarkKeys):
    """Question-answer pairs of your own, some to be forgotten and some to be kept (docs/your_data.md)."""

    LATER: ClassVar[frozenset[str]] = BenchmarkKeys.LATER | {"start", "questions"}

    folder: str = Field(
        min_length=1, description="holds forget and keep, if you like world, holdout (.jsonl or .csv) and refusals.txt"
    )
    start: Literal["target", "base"] = Field(
        "target", description="target: the model learns forget and keep first; base: it knows them already"
    )
    questions: int | None = Field(
        None, ge=1, description="questions asked of each file, evenly spaced; null: all of them"
    )
    # Found in the folder when the study is read; specs hold it, so that later stages need no folder.
    contents: SkipJsonSchema[dict[Role, Held]] = Field(default_factory=lambda keys: survey(keys["folder"]))

    @field_validator("contents")
    @classmethod
    def _as_found(cls, contents: dict[Role, Held]) -> dict[Role, Held]:
        if not set(NEEDED) <= contents.keys():
            raise ValueError("it is found in the folder; leave the key out")
        return contents
