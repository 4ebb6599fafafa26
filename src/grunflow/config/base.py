"""The base of everything that is typed: studies, specs, keys of benchmarks."""

from typing import Annotated, Any, get_args

from pydantic import BaseModel, ConfigDict, Field, field_validator

Seed = Annotated[int, Field(ge=0, lt=2**63)]  # torch's generators take no more
NAME = r"^[a-z0-9][a-z0-9._-]{0,63}$"


class Typed(BaseModel):
    """Frozen; `true` is no number and no text, and a number is finite."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _truth_is_no_number(cls, value: Any, info: Any) -> Any:
        kind = cls.model_fields[info.field_name or ""].annotation
        if isinstance(value, bool) and kind is not bool and kind is not Any and bool not in get_args(kind):
            raise ValueError("expected a number or a text, not true or false")
        return value


class Strict(Typed):
    """A key that is not in the class is an error."""

    model_config = ConfigDict(extra="forbid")
