"""The sheet of claims: what the paper says, as data that tables can be held against."""

from collections.abc import Mapping
from string import Formatter
from typing import Any, Literal

from pydantic import Field, model_validator

from grunflow.config.base import Strict
from grunflow.config.typed import read_yaml, typed
from grunflow.errors import BadInput


class Method(Strict):
    """Where the trained parameters of a claim's method live, for what follows from a model's shape alone."""

    kind: str = Field(description="the carrier's kind")
    keys: dict[str, Any] = Field({}, description="its keys, as `carriers:` of a study has them")


class Condition(Strict):
    """A figure of a table against a threshold; `{name}` in column or where stands for a value of `each`."""

    table: str
    column: str
    where: dict[str, str | float] = Field({}, description="column -> value that the row must have")
    when: dict[str, tuple[str | float, ...]] = Field(
        {}, description="name of `each` -> values for which it is a condition"
    )
    above: float | None = None
    below: float | None = None
    engine: Literal["plain"] | None = Field(
        None, description="the engine of the study for which the figure compares like with like"
    )
    closed_form: Method | None = Field(
        None, description="method whose figure follows from the model's shape, where the study has not run it"
    )

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
    primary: bool | dict[str, tuple[str | float, ...]] = Field(
        False,
        description="tested together with its family; or name of `each` -> values for which it is; else exploratory",
    )
    family: str | None = Field(
        None, pattern=r"^[a-z0-9_]+$", description="of primary claims: which are tested together"
    )
    scale: float | None = Field(
        None, gt=0, description="parameters of the smallest model of which its figure says anything"
    )
    each: dict[str, tuple[str | float, ...]] = Field({}, description="name -> values; one verdict per combination")
    here: dict[str, tuple[str | float, ...]] = Field({}, description="the same in place of `each`, for other models")
    conditions: tuple[Condition, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_are_known(self) -> "Claim":
        texts = [self.statement]
        names = set(self.here) | set(self.primary if isinstance(self.primary, dict) else ())
        for condition in self.conditions:
            texts += [condition.column, *(value for value in condition.where.values() if isinstance(value, str))]
            names |= set(condition.when)
        used = {name for text in texts for _, name, _, _ in Formatter().parse(text) if name}
        if not used | names <= set(self.each):
            raise ValueError(f"{sorted((used | names) - set(self.each))} must be names of each")
        return self

    @model_validator(mode="after")
    def _values_are_known(self) -> "Claim":
        wanted = [item.when for item in self.conditions] + ([self.primary] if isinstance(self.primary, dict) else [])
        for name, values in ((name, values) for named in wanted for name, values in named.items()):
            known = (*self.each[name], *self.here.get(name, ()))
            if unknown := [value for value in values if value not in known]:
                raise ValueError(f"{unknown[0]!r} must be one of {name}: {list(known)}")
        if all(item.when for item in self.conditions):
            raise ValueError("one condition must have no `when`: the claim is to say something of every combination")
        return self

    @model_validator(mode="after")
    def _primary_ones_have_a_family(self) -> "Claim":
        if bool(self.primary) != bool(self.family):
            raise ValueError("a primary claim has a family, and no other claim has one")
        return self

    def is_primary(self, values: Mapping[str, str | float]) -> bool:
        """Whether the verdict for these values of `each` is tested together with its family."""
        if isinstance(self.primary, bool):
            return self.primary
        return all(values[name] in wanted for name, wanted in self.primary.items())


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
