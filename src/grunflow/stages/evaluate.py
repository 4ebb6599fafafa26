"""Put one run, under a condition, to its benchmark's probes: per-example scores, a parquet file per kind of output."""

import importlib
from functools import partial
from typing import Any

import pandas as pd

from grunflow.carriers.chain import restored
from grunflow.config.facts import CONDITION, PROBE, module_of
from grunflow.config.outside import load
from grunflow.config.specs import Evaluate
from grunflow.evaluation.asking import Asking
from grunflow.evaluation.checks import check_finite
from grunflow.work import Work


def run(spec: Evaluate, work: Work) -> dict[str, Any]:
    """Write <output>.parquet: a row per question, with `set` and `index` (the probes say what else)."""
    links = [*work.inputs.get("start", []), *work.inputs.get("model", [])]
    restore = partial(restored, spec.model, links)
    subject = load(CONDITION, spec.condition, work.files).subject(
        lambda share: restore(share, work.files), spec.condition
    )
    asking = Asking(
        subject.tokenizer, subject.stack, spec.engine, spec.max_new_tokens, work.batch_size, spec.template,
        work.inputs["data"][0], f"evaluation of {spec.run}",
    )  # fmt: skip
    found: dict[str, list[pd.DataFrame]] = {}
    for item in spec.probes:
        frames = importlib.import_module(module_of(PROBE, item.kind)).probe(asking, item)
        for name, frame in frames.items():
            check_finite(frame, name, spec.run)
            found.setdefault(name, []).append(frame)
    questions = 0
    for name, several in found.items():
        frame = pd.concat(several, ignore_index=True)
        frame.to_parquet(work.out / f"{name}.parquet", index=False)
        questions += len(frame)
    return {"questions": questions}
