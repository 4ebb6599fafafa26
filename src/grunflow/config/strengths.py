"""A condition that one job goes along: it has `strengths`, and no `strength` at which a run is scored once."""

from grunflow.config.parts import ConditionSpec


def along(condition: ConditionSpec) -> tuple[float, ...]:
    """The strengths that one job goes along; none of a condition under which a run is scored once."""
    return () if condition.get("strength") is not None else tuple(map(float, condition.get("strengths") or ()))


def at(condition: ConditionSpec, strength: float) -> ConditionSpec:
    """The same at one strength."""
    return condition.model_copy(update={"strength": strength})
