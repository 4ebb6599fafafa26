"""A finished study without training: made-up metrics, tables' manifest, runs and scores as the stages leave them."""

from pathlib import Path
from typing import Any

import pandas as pd
from tests.exporting.made import MODEL
from tests.reporting.made_up import TOFU, Frames, Study, questions

from grunflow.config.parts import CarrierSpec, ObjectiveSpec, Training
from grunflow.config.sets import Paired
from grunflow.config.shown_specs import Tables
from grunflow.config.specs import Prepare, Unlearn
from grunflow.manifest import identities_of, output_folder

GRUN = {"rank": 2, "layers": (0,), "gate": "linear", "gate_weight": 1}


def frames() -> Frames:
    """GD on full and GRUN, two seeds."""
    return questions(seeds=(0, 1), objectives=("gd",), carriers=("full", "grun"))


def made(folder: Path, found: Frames, questions: str = "Who?", learning_rate: float = 0.01) -> Path:
    """The study's folder. questions: what its sets hold."""
    study = Study(folder, [(TOFU, found)])
    root = folder / "study"
    finish(root / "tables", Tables(**study.shown, names=()))
    data = finish(root / "tofu" / "data", Prepare(benchmark=TOFU), texts={"sets/forget.jsonl": questions})
    for row in found["metrics"].to_dict("records"):
        answers = pd.DataFrame(
            {"set": name, "index": index, "question": f"Who is {name} {index}?", "answer": "A baker.", "generation": f"{row['run']} {index}"}
            for name in ("forget", "retain") for index in range(12)
        )  # fmt: skip
        scores = root / "tofu" / "scores" / row["run"] / "plain"
        finish(scores, Prepare(benchmark=TOFU), {"data": [data]}, {"answers": answers})
        if row["carrier"]:
            keys = GRUN if row["carrier"] == "grun" else {}
            spec = Unlearn(
                benchmark="tofu", model=MODEL, split="forget10", carrier=CarrierSpec(name=row["carrier"], kind=row["carrier"], **keys),
                stream=Paired(forget="forget.jsonl", retain="retain.jsonl", refusals="refusals.json"), unlearn_seed=int(row["unlearn_seed"]),
                objective=ObjectiveSpec(name="gd", kind="gd"), training=Training(learning_rate=learning_rate, steps=3),
                target_seed=int(row["target_seed"]),
            )  # fmt: skip
            finish(root / "tofu" / "runs" / row["run"], spec)
    return root


def finish(folder: Path, spec: Any, inputs: Any = None, frames: Any = None, texts: Any = None) -> Path:
    with output_folder(folder, spec=spec.model_dump(mode="json"), code="", inputs=identities_of(inputs or {})) as (
        draft,
        _,
    ):
        for name, frame in (frames or {}).items():
            frame.to_parquet(draft / f"{name}.parquet", index=False)
        for name, text in (texts or {}).items():
            (draft / name).parent.mkdir(exist_ok=True)
            (draft / name).write_text(text)
    return folder
