"""Which of TOFU's metrics a folder allows, and a sentence for each that it does not."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from grunflow.benchmarks import question_metrics as shared
from grunflow.benchmarks.base import Metric
from grunflow.benchmarks.qa_pairs.contents import Held
from grunflow.config.sets import Role

ASKED: tuple[Role, ...] = ("forget", "keep", "world")
KEPT: tuple[Role, ...] = ("keep", "world")  # what utility is taken over

Files = Mapping[Role, Held]


class Allowed(NamedTuple):
    """metrics: in the order of tables. left_out: what cannot be measured, and why. note: what a reader should know of the rest."""

    metrics: tuple[Metric, ...]
    left_out: tuple[str, ...]
    note: str = ""


def allowed(files: Files, has_retain: bool) -> Allowed:
    """has_retain: whether there is a retain model to hold methods against."""
    answered, ratios = _answered(files), _ratios(files)
    utility = _utility(files, (*answered.metrics, *ratios.metrics))
    quality, members = _quality(files, has_retain), _members(files, has_retain)
    parts = (
        answered,
        ratios,
        Allowed((shared.SAMPLED, *((shared.WITHIN,) if has_retain else ()), shared.GATE), ()),
        utility,
        quality,
        Allowed((shared.gate_auroc("keep"),), ()),
        members,
    )
    return Allowed(
        tuple(metric for part in parts for metric in part.metrics),
        tuple(text for part in parts for text in part.left_out),
        ". ".join(filter(None, (part.note for part in parts))),
    )


def _answered(files: Files) -> Allowed:
    """ROUGE-L only where it can read every right answer: a set of which it can read a part has no mean that says something."""
    rouge, probability = shared.ANSWERED
    seen = _asked(files, lambda held: not held.unseen)
    left_out = tuple(
        f"{rouge.title} on {role} ({held.unseen} of {held.rows} answers in a script that it cannot read, the first in {held.short} "
        f"line {held.first_unseen})"
        for role, held in files.items()
        if role in ASKED and held.unseen
    )  # fmt: skip
    return Allowed(((replace(rouge, roles=seen),) if seen else ()) + (probability,), left_out)


def _ratios(files: Files) -> Allowed:
    with_wrong = _asked(files, lambda held: held.all_wrong)
    left_out = tuple(
        f"Truth Ratio on {role} (perturbed_answer in {held.wrong} of {held.rows} rows of {held.short})"
        for role, held in files.items()
        if role in ASKED and not held.all_wrong
    )
    bare = [role for role in with_wrong if files[role].paraphrased < files[role].rows]
    note = f"Truth Ratio takes the answer itself where {_listed(bare)} has no paraphrased_answer" if bare else ""
    return Allowed(
        tuple(replace(item, roles=with_wrong) for item in shared.RATIOS) if with_wrong else (), left_out, note
    )


def _utility(files: Files, single: Iterable[Metric]) -> Allowed:
    """Model Utility where keep and world have all three of its means; else the harmonic mean of those that all of them have."""
    sets = [role for role in KEPT if role in files]
    known = [item for item in single if item.measures != "nothing" and set(sets) <= set(item.roles)]
    names = [item.name for item in known]
    whole = [item.name for item in (*shared.ANSWERED, shared.RATIOS[0])]
    if tuple(sets) == KEPT and names == whole:
        return Allowed((shared.utility("model_utility", "Model Utility", sets, names),), ())
    means = f"{_listed([item.title for item in known])} on {_listed(sets)}"
    return Allowed(
        (shared.utility("utility", "Utility", sets, names),),
        (
            "Model Utility (it takes ROUGE-L, Probability and Truth Ratio on keep and on world; Utility stands in its place)",
        ),
        f"Utility: the harmonic mean of {means}" if len(names) * len(sets) > 1 else f"Utility: {means}",
    )


def _quality(files: Files, has_retain: bool) -> Allowed:
    if files["forget"].all_wrong and has_retain:
        return Allowed(shared.FORGET_QUALITY, ())
    reason = "no Truth Ratio on forget" if has_retain else "no retain model, as start is base"
    return Allowed((), (f"KS and Forget Quality ({reason})",))


def _members(files: Files, has_retain: bool) -> Allowed:
    """How well what is to be forgotten is still recited needs nothing; attacks need questions that no model was trained on."""
    if "holdout" not in files:
        return Allowed(shared.MEMORISATION, ("membership attacks and PrivLeak (no holdout file)",))
    if not has_retain:
        return Allowed((*shared.MEMORISATION, *shared.ATTACKS), ("PrivLeak (no retain model, as start is base)",))
    return Allowed((*shared.MEMORISATION, *shared.ATTACKS, shared.PRIVLEAK), ())


def _asked(files: Files, fits: Callable[[Held], bool]) -> tuple[Role, ...]:
    """Roles of the files that are asked and fit."""
    return tuple(role for role, held in files.items() if role in ASKED and fits(held))


def _listed(words: Sequence[str]) -> str:
    """`a, b and c`."""
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))
