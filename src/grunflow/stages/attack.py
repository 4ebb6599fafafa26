"""Train a finished run further on what it was to forget, and put it to the probes before and on the way.

The model is asked within the training, at each of the steps: what an attack leaves is its scores, not a model for each step.
"""

from pathlib import Path
from typing import Any

import pandas as pd

from grunflow.carriers.chain import restored
from grunflow.config.sets import Paired
from grunflow.config.specs import Attack
from grunflow.objectives.loading import objective
from grunflow.seeds import derived
from grunflow.training.loop import Task
from grunflow.training.method import asking, batches_of, stream_of, texts_of, trained
from grunflow.training.snapshots import Snapshots
from grunflow.training.step import shares_of
from grunflow.training.streams.paired import forget_rows
from grunflow.work import Work


def run(spec: Attack, work: Work) -> dict[str, Any]:
    """Write <output>.parquet of every probe: a row per question and number of steps (`strength`)."""
    tuned = spec.attacker == "tuned"
    start = work.inputs.get("start", [])
    tokenizer, stack = restored(spec.model, start, files=work.files, purpose="trained" if tuned else "read")
    goal = objective(spec.objective, work.files)
    stream = stream_of(spec, work, tokenizer, goal)
    if tuned:
        stack.top.spec = spec.carrier
    else:
        stack.attach(spec.carrier, derived(spec.unlearn_seed, "attacker"), work.files)
    made, once = batches_of(spec, work, goal, stack, stream, tokenizer.pad_token_id)
    watch = Snapshots(spec.asked, spec.probes, asking(spec, stack, tokenizer, work, spec.template))
    task = Task(
        stack.top.trained_module,
        stream.order(),
        lambda step, size: shares_of(stack, None, goal, texts_of(stream.read(step), made, size, goal), None),
        lambda step: stream.read(step).tokens,
        f"{spec.called} on {spec.run}",
        watch,
    )
    history = trained(task, max(spec.asked), spec, stack, work.accumulation)
    for name, frame in unseen(watch.of_outputs(), learnt_questions(spec, work.inputs["data"][0])).items():
        frame.rename(columns={"step": "strength"}).to_parquet(work.out / f"{name}.parquet", index=False)
    return {
        "trained_parameters": sum(parameter.numel() for parameter in stack.trained()),
        **history.measured(spec.training), **once, "losses": [round(loss, 5) for loss in history.losses],
    }  # fmt: skip


def learnt_questions(spec: Attack, data: Path) -> set[str]:
    """The questions that are left out of the scores, of an attack that is judged by the others."""
    if not spec.unseen:
        return set()
    assert isinstance(spec.stream, Paired), "config.checks lets no other stream leave questions out"
    # All of the parts that the attacker picked rows from: those of one author are alike.
    picked = spec.stream.picked.model_copy(update={"rows": None}) if spec.stream.picked else None
    return {row["question"] for row in forget_rows(spec.stream.model_copy(update={"picked": picked}), data)}


def unseen(frames: dict[str, pd.DataFrame], learnt: set[str]) -> dict[str, pd.DataFrame]:
    """The rows of questions that were not learnt; what a question is, one output at least says."""
    if not learnt:
        return frames
    told = pd.concat(frame for frame in frames.values() if "question" in frame)
    places = pd.MultiIndex.from_frame(told.loc[told["question"].isin(learnt), ["set", "index"]])
    return {
        name: frame[~pd.MultiIndex.from_frame(frame[["set", "index"]]).isin(places)].reset_index(drop=True)
        for name, frame in frames.items()
    }
