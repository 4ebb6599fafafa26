"""Runs that a study asks for and has no result of: what tables, captions and claims say of them."""

from collections.abc import Sequence

from grunflow.config.shown_specs import AbsentRun

METHOD = ("model", "split", "objective", "carrier", "variant")
MOST = 8  # methods named in a caption


def name_of(run: AbsentRun) -> str:
    """A method's name, as in the folders of its runs."""
    return " ".join(filter(None, (run.model, run.objective, run.carrier, run.variant)))


def by_method(absent: Sequence[AbsentRun]) -> list[list[AbsentRun]]:
    """The runs of each method together."""
    found: dict[tuple[str, ...], list[AbsentRun]] = {}
    for run in absent:
        found.setdefault(tuple(getattr(run, name) for name in METHOD), []).append(run)
    return list(found.values())


def why(runs: Sequence[AbsentRun], present: int) -> str:
    """Of runs of one method: the reason where all are absent for the same one; else how many seeds there are, and which are not.
    present: runs of the method that have a result."""
    reasons: dict[str, list[str]] = {}
    for run in runs:
        reasons.setdefault(run.reason, []).append(seeds_of(run))
    if not present and len(reasons) == 1:
        return next(iter(reasons))
    told = "; ".join(", ".join(filter(None, seeds)) + f": {reason}" for reason, seeds in reasons.items())
    return f"{count(runs, present)} seeds ({told})"


def count(runs: Sequence[AbsentRun], present: int) -> str:
    return f"{present} of {present + len(runs)}"


def seeds_of(run: AbsentRun) -> str:
    """As at the end of the run's folder."""
    return " ".join(
        f"{letter}{seed}" for letter, seed in (("t", run.target_seed), ("u", run.unlearn_seed)) if seed is not None
    )


def sentence(absent: Sequence[AbsentRun]) -> str:
    """For captions: which runs are absent, and why; "" where none is."""
    groups = by_method(absent)
    told = []
    for runs in groups[:MOST]:
        seeds = "; ".join(dict.fromkeys(filter(None, map(seeds_of, runs))))
        reasons = "; ".join(dict.fromkeys(run.reason for run in runs))
        told.append(f"{name_of(runs[0])}{f' ({seeds})' if seeds else ''}: {reasons}")
    if len(groups) > MOST:
        told.append(f"{len(groups) - MOST} methods more")
    return f"Without result: {'; '.join(told)}." if told else ""
