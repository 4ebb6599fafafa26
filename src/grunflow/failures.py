"""What a stage said when it ended with status 2 or 3: a later attempt of the same job, in the same call of Snakemake, would only
say it again, after minutes on a GPU. Snakemake repeats by count alone.

Out of memory is no such end: a later attempt asks for more. A new call of Snakemake tries again: something outside of spec, code
and inputs may have been mended.
"""

import json
from pathlib import Path

from grunflow import submission
from grunflow.config.shown_specs import Aggregate
from grunflow.config.specs import Attack, Evaluate, Unlearn
from grunflow.config.stage import Stage
from grunflow.errors import BadInput, CheckFailed
from grunflow.job import read_object, write_atomically

RECORD = "failed.json"
KINDS = {kind.exit_status: kind for kind in (BadInput, CheckFailed)}


def repeat(folder: Path) -> None:
    """Raise what an earlier attempt ended with. folder: the job's own, below .resume."""
    known = read_object(folder / RECORD)
    if known and submission.call() and known.get("call") == submission.call():
        raise KINDS[known["status"]](f"{known['line']} (an earlier attempt's words; nothing was tried again)")


def advice(spec: Stage, out: Path) -> str:
    """How the study goes on without a run that has no result; "" of what others start from or are held against. Whoever looks at
    all runs has named the one."""
    if isinstance(spec, Aggregate):
        return " To go on without the run, name it under failed: in the study's config."
    if isinstance(spec, Attack):
        return (
            f" A lower attacks.{spec.called}.training.learning_rate often helps; or leave the run out by its `where`."
        )
    if isinstance(spec, Evaluate) and spec.carriers:
        run = spec.run
    elif isinstance(spec, Unlearn):
        run = str(out).partition("/runs/")[2]
    else:
        return ""
    return f" To go on without it, the study's config: failed: {{{spec.benchmark}/runs/{run}: diverged}}"


def note(folder: Path, error: BadInput | CheckFailed) -> None:
    """Write down how the job ended, for its later attempts; no harm where the disk takes nothing."""
    if not submission.call():
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        record = {"call": submission.call(), "status": error.exit_status, "line": str(error)}
        write_atomically(folder / RECORD, json.dumps(record))
    except OSError:
        return
