"""The sheet of claims: what the paper says, as data that tables can be held against."""

from string import Formatter
from typing import Any, Literal

from pydantic import Field, model_validator

from grunflow.config.base import Strict
from grunflow.config.typed import read_yaml, typed
from grunflow.errors import BadInput


class Condition(Strict):
    """A figure of a table against a threshold; `{name}` in column or where stands for a value of `each`."""

    table: str
    column: str
    where: dict[str, str | float] = Field({}, description="column -> value that the row must have")
    above: float | None = None
    below: float | None = None

    @model_validator(mode="after")
    def _one_threshold(self) -> "Condition":
        if (self.above is None) == (self.below is None):
            raise ValueError("give exactly one of above and below")
        return self


class Claim(Strict):
    """One testable sentence; it holds where all of its conditions do, for every combination of `each`."""

    id: str = Field(pattern=r"^[a-z0-9_]+$")
    statement: str = Field(description="what is tested, in our words")
    quote: str | None = Field(None, description="the paper's own words, where they were read")
    read: Literal["first hand", "second hand", "ours"]
    source: str = Field(description="where it was read")
    models: tuple[str, ...] = Field(description="the models it is about")
    each: dict[str, tuple[str | float, ...]] = Field({}, description="name -> values; one verdict per combination")
    here: dict[str, tuple[str | float, ...]] = Field({}, description="the same in place of `each`, for other models")
    conditions: tuple[Condition, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_are_known(self) -> "Claim":
        texts = [self.statement]
        for condition in self.conditions:
            texts += [condition.column, *(value for value in condition.where.values() if isinstance(value, str))]
        used = {name for text in texts for _, name, _, _ in Formatter().parse(text) if name}
        if not used | set(self.here) <= set(self.each):
            raise ValueError(f"{sorted((used | set(self.here)) - set(self.each))} must be names of each")
        return self


def read_claims(path: str) -> tuple[Claim, ...]:
    """The sheet, checked.

    Raises:
        BadInput: names the file, the claim and the key.
    """
    sheet: dict[str, Any] = read_yaml(path, "config.claims")
    rows = sheet.get("claims")
    if set(sheet) != {"claims"} or not isinstance(rows, list):
        raise BadInput(f"{path}: got keys {sorted(sheet)}, expected one key `claims` with a list.")
    claims = tuple(typed(Claim, row, f"{path}: claim {row.get('id', place)}") for place, row in enumerate(rows))
    names = [claim.id for claim in claims]
    if len(set(names)) < len(names):
        raise BadInput(f"{path}: two claims share an id: {sorted(n for n in names if names.count(n) > 1)[0]!r}.")
    return claims
