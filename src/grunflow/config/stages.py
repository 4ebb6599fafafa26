"""Every stage by its name."""

from grunflow.config.shown_specs import Aggregate, Claims, Figures, Report, Tables
from grunflow.config.specs import Attack, CacheFrozenStates, Evaluate, Finetune, Prepare, Unlearn
from grunflow.config.stage import Stage

KINDS: tuple[type[Stage], ...] = (
    Prepare, Finetune, Unlearn, Attack, CacheFrozenStates, Evaluate, Aggregate, Tables, Claims, Figures, Report,
)  # fmt: skip


def stages() -> dict[str, type[Stage]]:
    """Stage -> the class of its spec."""
    return {kind.model_fields["stage"].default: kind for kind in KINDS}
