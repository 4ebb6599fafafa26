"""Where target and retain models come from: trained by the study, or finished ones of others, from the hub or a folder."""

from grunflow.benchmarks.base import RETAIN, TARGET
from grunflow.config.forms import training_of
from grunflow.config.models import Model, Published
from grunflow.errors import BadInput, unknown_name


def is_scratch(model: Model) -> bool:
    """Whether the study trains the model from scratch."""
    return model.base is not None


def published(model: Model, role: str, split: str) -> Published | None:
    """The finished model of a role; None where the study trains it, and of the base.

    Args:
        split: of the forget set; the benchmark's name where it has none.
    """
    if role == TARGET and isinstance(model.target, Published):
        return model.target
    return model.retain.get(split) if role == RETAIN and isinstance(model.retain, dict) else None


def files_of(model: Model) -> str | None:
    """Where files of a model of the row's architecture lie: its own, else those of a finished target."""
    return model.repo or (model.target.repo if isinstance(model.target, Published) else None)


def loaded(model: Model, start: Published | None = None) -> Model:
    """The row as a stage that loads the model depends on it: without how it is trained, a finished one's place as its own."""
    place = {} if start is None else {"repo": start.repo, "revision": start.revision}
    return model.model_copy(
        update={"base": None, "target": None, "retain": None, "replayed": 0, "sources": None, **place}
    )


def check_starts(model: Model, split: str, target_seeds: int, where: str) -> None:
    """Refuse a row whose target and retain models cannot both be had, or mean nothing together.

    Args:
        target_seeds: how many the study's replicates have.
        where: the row.
    """
    finished = {role: published(model, role, split) is not None for role in (TARGET, RETAIN)}
    if isinstance(model.retain, dict) and not finished[RETAIN]:
        raise BadInput(
            f"{where}.retain: {unknown_name('split', split, model.retain)} Name its finished retain model too."
        )
    if is_scratch(model) and any(finished.values()):
        role = TARGET if finished[TARGET] else RETAIN
        raise BadInput(
            f"{where}.{role}: a finished {role} model has nothing in common with one that is trained from scratch (`base`); leave "
            "one of them out."
        )
    lacking = [role for role in finished if not finished[role] and training_of(model, role) is None]
    if lacking:
        raise BadInput(
            f"{where}.{lacking[0]}: null, and nothing says how the {lacking[0]} model is trained; name a finished one "
            "({repo: ...}) or give its training."
        )
    untrained = [role for role in finished if not finished[role] and model.repo is None and not is_scratch(model)]
    if untrained:
        raise BadInput(
            f"{where}.repo: null, but the {untrained[0]} model is to be trained from it; name the model to train, give `base` (training "
            f"from scratch), or name a finished {untrained[0]} model."
        )
    if finished[TARGET] and not finished[RETAIN] and target_seeds > 1:
        raise BadInput(
            f"{where}.retain: the finished target is one for all replicates, but a retain model would be trained for each of "
            f"{target_seeds} target seeds, and none belongs to a run; give all replicates one target_seed, or name a finished "
            "retain model."
        )
