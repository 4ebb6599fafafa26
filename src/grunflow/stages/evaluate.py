"""Put one run, under a condition, to probes: per-example scores, a parquet file per kind of output.

A condition that goes along strengths is asked at each of them; rows then say at which (`strength`).
"""

import importlib
from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd

from grunflow.carriers.chain import Subject, restorer, stacked, summed
from grunflow.config.facts import CONDITION, PROBE, module_of
from grunflow.config.outside import load
from grunflow.config.specs import Evaluate
from grunflow.config.strengths import along, at
from grunflow.evaluation.asking import Asking
from grunflow.evaluation.checks import check_finite
from grunflow.work import Work


def run(spec: Evaluate, work: Work) -> dict[str, Any]:
    """Write <output>.parquet: a row per question, with `set` and `index` (the probes say what else)."""
    found: dict[str, list[pd.DataFrame]] = {}
    for at_strength, asking in askings(spec, work):
        for name, frame in asked(spec, asking):
            found.setdefault(name, []).append(frame.assign(**at_strength))
    questions = 0
    for name, several in found.items():
        frame = pd.concat(several, ignore_index=True)
        frame.to_parquet(work.out / f"{name}.parquet", index=False)
        questions += len(frame)
    return {"questions": questions}


def model_of(spec: Evaluate, work: Work) -> Callable[[float], Subject]:
    """share -> the run, or the sum of several runs' edits."""
    start, runs = work.inputs.get("start", []), work.inputs.get("model", [])
    if spec.summed is None:
        return restorer(spec.model, [*start, *runs], work.files)
    factor = spec.summed
    return lambda share: summed(spec.model, start, runs, share * factor, work.files)


def askings(spec: Evaluate, work: Work) -> Iterator[tuple[dict[str, float], Asking]]:
    """The run as its condition has it asked; one that goes along strengths has it asked at each, which is told beside."""
    restored = model_of(spec, work)
    condition = load(CONDITION, spec.condition, work.files)
    beside = stacked(spec.beside, work.inputs.get("beside", [])) if spec.beside else None
    baseline = next(iter(work.inputs.get("baseline", [])), None)
    for strength in along(spec.condition) or (None,):
        put = spec.condition if strength is None else at(spec.condition, strength)
        subject = condition.subject(restored, put) if hasattr(condition, "subject") else restored(1.0)
        sets = {item.name: item for probe in spec.probes for item in probe.sets}
        plainly = Asking(
            subject.tokenizer, subject.stack, spec.engine, spec.max_new_tokens, work.batch_size, spec.template,
            work.inputs["data"][0], f"evaluation of {spec.run}", tuple(sets.values()), beside=beside, baseline=baseline,
        )  # fmt: skip
        asking = condition.put(plainly, put) if hasattr(condition, "put") else plainly
        yield {} if strength is None else {"strength": strength}, asking


def asked(spec: Evaluate, asking: Asking) -> Iterator[tuple[str, pd.DataFrame]]:
    """What every probe gives of one model."""
    for item in spec.probes:
        for name, frame in importlib.import_module(module_of(PROBE, item.kind)).probe(asking, item).items():
            check_finite(frame, name, spec.run)
            yield name, frame
