"""Keys of the models sheet that have two forms, training or a finished model: which of them a value is."""

from typing import Any

from grunflow.config.parts import Training

PUBLISHED, TRAINING = FORMS = ("<published>", "<training>")  # they stand in no message (config/typed.py)


def form_of(value: Any) -> str:
    """The form of a mapping or of what was made of one: a finished model has a place."""
    here = value if isinstance(value, dict) else vars(value) if hasattr(value, "__dict__") else {}
    return PUBLISHED if "repo" in here else TRAINING


def form_by_split(value: Any) -> str:
    """The same of a value that may hold a finished model for each split."""
    several = isinstance(value, dict) and not any(isinstance(item, str | int | float | None) for item in value.values())
    return PUBLISHED if several else TRAINING


def training_of(model: Any, role: str) -> Training | None:
    """How a row trains the model of a role (base, target, retain); None where it does not. A retain model is trained as the target
    is, unless its own training is given."""
    own = getattr(model, role)
    if role == "retain" and own is None:
        own = model.target
    return own if isinstance(own, Training) else None
