"""The trade-off on the way: a run is put to a probe before its first step and after some of them (schedule.py says which).

Raw scores are kept; their metrics are taken when runs are aggregated, so that a formula's edit trains nothing again.
"""

import importlib
from typing import Any

import pandas as pd

from grunflow.config.facts import PROBE, module_of
from grunflow.config.specs import SnapshotSpec
from grunflow.evaluation.asking import Asking
from grunflow.evaluation.checks import check_finite
from grunflow.models.generators import forked
from grunflow.models.sharding import gathered
from grunflow.training.loop import Watch
from grunflow.training.schedule import snapshot_steps


class Snapshots(Watch):
    """Takes the snapshots: before training, after the last step, and between."""

    def __init__(self, spec: SnapshotSpec, asking: Asking, steps: int) -> None:
        self.due = frozenset(snapshot_steps(spec, steps))
        self.spec, self.asking = spec, asking
        self.taken: list[pd.DataFrame] = []

    def __call__(self, done: int) -> None:
        if done not in self.due or self.spec.probe is None:
            return
        model = self.asking.stack.model
        training = model.training
        model.eval()
        with forked(), gathered(model):  # generation must not move LoRA's dropout
            frames = importlib.import_module(module_of(PROBE, self.spec.probe.kind)).probe(self.asking, self.spec.probe)
        model.train(training)
        for name, frame in frames.items():
            check_finite(frame, name, f"snapshot at step {done}")
        self.taken += [frame.assign(step=done, output=name) for name, frame in frames.items()]

    def state_dict(self) -> dict[str, Any]:
        return {"taken": [frame.to_dict("list") for frame in self.taken]}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.taken = [pd.DataFrame(columns) for columns in state["taken"]]

    def frame(self) -> pd.DataFrame:
        """A row per step and question, as the probe gives it, with `step` and the probe's `output`."""
        return pd.concat(self.taken, ignore_index=True) if self.taken else pd.DataFrame({"step": []})
