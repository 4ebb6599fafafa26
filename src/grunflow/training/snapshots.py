"""A run that is asked on its way: it is put to probes before its first step and after some of them (schedule.py says which).

Raw scores are kept; their metrics are taken when runs are aggregated, so that a formula's edit trains nothing again.
"""

import importlib
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from grunflow.config.facts import PROBE, module_of
from grunflow.config.sets import ProbeSpec
from grunflow.evaluation.asking import Asking
from grunflow.evaluation.checks import check_finite
from grunflow.models.generators import forked
from grunflow.models.sharding import gathered
from grunflow.training.loop import Watch


class Snapshots(Watch):
    """Takes the snapshots. due: numbers of steps after which the probes are put; 0: before the first."""

    def __init__(self, due: Iterable[int], probes: Sequence[ProbeSpec], asking: Asking) -> None:
        self.due, self.probes, self.asking = frozenset(due), probes, asking
        self.taken: list[pd.DataFrame] = []

    def __call__(self, done: int) -> None:
        if done not in self.due:
            return
        model = self.asking.stack.model
        training = model.training
        model.eval()
        for probe in self.probes:
            with forked(), gathered(model):  # generation must not move LoRA's dropout
                frames = importlib.import_module(module_of(PROBE, probe.kind)).probe(self.asking, probe)
            for name, frame in frames.items():
                check_finite(frame, name, f"snapshot at step {done}")
            self.taken += [frame.assign(step=done, output=name) for name, frame in frames.items()]
        model.train(training)

    def state_dict(self) -> dict[str, Any]:
        return {"taken": [frame.to_dict("list") for frame in self.taken]}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.taken = [pd.DataFrame(columns) for columns in state["taken"]]

    def of_outputs(self) -> dict[str, pd.DataFrame]:
        """Output -> its rows, as the probe gives them, with `step`."""
        found: dict[str, list[pd.DataFrame]] = {}
        for frame in self.taken:
            found.setdefault(str(frame["output"].iloc[0]), []).append(frame.drop(columns="output"))
        return {name: pd.concat(frames, ignore_index=True) for name, frames in found.items()}

    def frame(self) -> pd.DataFrame:
        """A row per step and question, as the probe gives it, with `step` and the probe's `output`."""
        return pd.concat(self.taken, ignore_index=True) if self.taken else pd.DataFrame({"step": []})
