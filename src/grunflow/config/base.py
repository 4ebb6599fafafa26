"""The base of everything that is typed: studies, specs, keys of benchmarks."""

from typing import Annotated, Any, get_args

from pydantic import BaseModel, ConfigDict, Field, field_validator

Seed = Annotated[int, Field(ge=0)]
NAME = r"^[a-z0-9][a-z0-9._-]{0,63}$"
NAMED = "1 to 64 lower-case letters, digits, '.', '_' and '-', the first a letter or digit: it is in paths"
LARGEST = 2**63  # what torch and Parquet take for a whole number


class Typed(BaseModel):
    """Frozen; `true` is no number and no text, a number is finite, and a whole one fits 64 bits."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _numbers_are_numbers(cls, value: Any, info: Any) -> Any:
        if not isinstance(value, int):
            return value
        kind = cls.model_fields[info.field_name or ""].annotation
        if isinstance(value, bool) and kind is not bool and kind is not Any and bool not in get_args(kind):
            raise ValueError("expected a number or a text, not true or false")
        if abs(value) >= LARGEST:
            raise ValueError("expected a number below 2**63")
        return value


class Strict(Typed):
    """A key that is not in the class is an error."""

    model_config = ConfigDict(extra="forbid")
