"""What aggregation refuses before it averages: folders of other runs, other questions, figures out of their range."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest

from grunflow.config.shown_specs import Aggregate, RunRow
from grunflow.errors import BadInput, CheckFailed
from grunflow.manifest import identities_of, output_folder
from grunflow.stages import aggregate
from grunflow.work import Work
from tests.reporting import made_up

METHODS = ("full", "lora")
COST = dict.fromkeys(aggregate.MEASURED, 1) | {"losses": [0.5]}


def answers(questions: int = 4) -> pd.DataFrame:
    return pd.DataFrame(
        {"set": name, "index": index, "question": f"Who is {index}?", "answer": f"{name} {index}", "generation": f"{name} 0",
         "nll_answer": 2.0, "n_answer": 4, "nll_paraphrased": 2.0, "n_paraphrased": 4, "nll_perturbed": [4.0, 5.0],
         "n_perturbed": [4, 4]}
        for name in made_up.SETS for index in range(questions)
    )  # fmt: skip


class Small:
    """Two runs and the retain model, with their scores; `frames` are what the runs answered."""

    def __init__(self, folder: Path, **frames: pd.DataFrame) -> None:
        self.folder, self.rows = folder, [self.row("retain", ""), *(self.row("gd", carrier) for carrier in METHODS)]
        for row in self.rows:
            name = row.carrier or row.objective
            model = {"model": {"name": "tiny"}}
            method = {"objective": {"name": "gd"}, "carrier": {"name": row.carrier}, "split": "forget10", "variant": "",
                      "target_seed": 0, "unlearn_seed": 0}  # fmt: skip
            self.made("runs", name, model | (method if row.carrier else {"role": "retain"}), {}, COST)
            spec = {"benchmark": "tofu", "run": row.run, "condition": {"name": "plain"}}
            frame = frames.get(name, answers())
            self.made("scores", name, spec, {"model": [folder / "runs" / name]}, {}, frame)

    @staticmethod
    def row(objective: str, carrier: str) -> RunRow:
        run = "/".join(("tiny", "forget10", f"{objective}_{carrier}"))
        return RunRow(run=run, model="tiny", split="forget10", objective=objective, carrier=carrier, carrier_kind=carrier,
                      target_seed=0, unlearn_seed=0 if carrier else None)  # fmt: skip

    def made(
        self, kind: str, name: str, spec: dict, inputs: dict, measured: dict, frame: pd.DataFrame | None = None
    ) -> None:
        out = self.folder / kind / name
        with output_folder(out, spec=spec, code="", inputs=identities_of(inputs)) as (draft, own):
            own |= measured
            if frame is not None:
                frame.to_parquet(draft / "answers.parquet", index=False)

    def aggregated(self, attacks: tuple[RunRow, ...] = (), attacked: Sequence[Path] = ()) -> pd.DataFrame:
        names = [row.carrier or row.objective for row in self.rows]
        inputs = {
            "score": [self.folder / "scores" / name for name in names],
            "run": [self.folder / "runs" / name for name in names],
            "attacked": list(attacked),
        }
        out = self.folder / "metrics"
        out.mkdir(exist_ok=True)
        aggregate.run(Aggregate(benchmark=made_up.TOFU, runs=tuple(self.rows), attacks=attacks), Work(inputs, out))
        return pd.read_parquet(out / "metrics.parquet")

    def swap(self, kind: str) -> None:
        """The folders of the two methods change places."""
        here, there, aside = self.folder / kind / METHODS[0], self.folder / kind / METHODS[1], self.folder / "aside"
        here.rename(aside)
        there.rename(here)
        aside.rename(there)


def test_a_whole_study_is_averaged(tmp_path: Path) -> None:
    table = Small(tmp_path).aggregated()
    assert table["forget_probability"].tolist() == pytest.approx([0.6065] * 3, abs=1e-4)  # exp(-2 / 4)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (
            "scores",
            "holds tofu tiny/forget10/gd_lora plain, expected tofu tiny/forget10/gd_full plain; were folders moved",
        ),
        ("runs", "holds carrier 'lora', expected 'full' of tiny/forget10/gd_full; were folders moved"),
    ],
)
def test_swapped_folders_are_told(tmp_path: Path, kind: str, message: str) -> None:
    study = Small(tmp_path)
    study.swap(kind)
    with pytest.raises(BadInput, match=message):
        study.aggregated()


def test_scores_of_an_earlier_state_of_a_run_are_told(tmp_path: Path) -> None:
    study = Small(tmp_path)
    path = tmp_path / "runs" / "lora" / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"code": "another"}))
    with pytest.raises(BadInput, match=r"gd_lora was scored from another state of .*runs/lora; run snakemake again"):
        study.aggregated()


def test_an_attack_on_an_earlier_state_of_a_run_is_told(tmp_path: Path) -> None:
    """The run was trained and scored anew; what was asked behind its attack stems from before."""
    study = Small(tmp_path)
    attacked = study.rows[-1].model_copy(update={"condition": "relearn"})
    spec = {"benchmark": "tofu", "run": attacked.run, "called": "relearn", "condition": {"name": "plain"}}
    study.made("attacks", "lora", spec, {"start": [tmp_path / "runs" / "lora"]}, {}, answers())
    path = tmp_path / "runs" / "lora" / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"code": "another"}))
    scored = tmp_path / "scores" / "lora"
    shutil.rmtree(scored)
    plain = {"benchmark": "tofu", "run": attacked.run, "condition": {"name": "plain"}}
    study.made("scores", "lora", plain, {"model": [tmp_path / "runs" / "lora"]}, {}, answers())
    study.aggregated()
    with pytest.raises(BadInput, match=r"attacks/lora: .*gd_lora was scored from another state of .*runs/lora"):
        study.aggregated(attacks=(attacked,), attacked=[tmp_path / "attacks" / "lora"])


@pytest.mark.parametrize(("kind", "other"), [("scores", "runs"), ("runs", "scores")])
def test_a_folder_of_another_stage_is_told(tmp_path: Path, kind: str, other: str) -> None:
    study = Small(tmp_path)
    shutil.rmtree(tmp_path / kind / "lora")
    shutil.copytree(tmp_path / other / "lora", tmp_path / kind / "lora")
    with pytest.raises(BadInput, match="were folders moved"):
        study.aggregated()


def test_a_benchmark_of_the_same_runs_is_another(tmp_path: Path) -> None:
    study = Small(tmp_path)
    path = tmp_path / "scores" / "full" / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["spec"]["benchmark"] = "tofu_b"
    path.write_text(json.dumps(manifest))
    with pytest.raises(BadInput, match="holds tofu_b tiny/forget10/gd_full plain, expected tofu "):
        study.aggregated()


def test_half_a_file_is_told(tmp_path: Path) -> None:
    study = Small(tmp_path)
    path = tmp_path / "scores" / "full" / "answers.parquet"
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(BadInput, match=r"answers\.parquet: not a whole parquet file .* delete its folder"):
        study.aggregated()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (lambda rows: rows.iloc[:-1], r"answered 3 questions of world_facts \(3 different\), tiny/forget10/retain_ 4"),
        (lambda rows: rows.assign(index=rows["index"] + 1), "answered 4 questions of .*a figure of one is not that of the other"),
        (lambda rows: rows.assign(index=0), r"answered 4 questions of \w+ \(1 different\)"),
        (lambda rows: rows[rows["set"] != "retain"], r"answered 0 questions of retain"),
        (lambda rows: rows.assign(answer="Somebody else"), "was asked other questions than tiny/forget10/retain_"),
        (lambda rows: rows.assign(nll_answer=-3.0), r"probability of forget question 0 is 2\.117.*, expected 0 to 1"),
        (lambda rows: rows.assign(nll_answer=rows["nll_answer"].where(rows.index != 5)), "probability of retain question 1 is nan"),
        (lambda rows: rows.assign(nll_answer=float("nan")), r"gd_lora \(plain\): probability is of no question a number"),
    ],
)  # fmt: skip
def test_other_questions_and_impossible_figures_are_told(tmp_path: Path, changed, message: str) -> None:
    with pytest.raises(CheckFailed, match=message):
        Small(tmp_path, lora=changed(answers())).aggregated()


def followed(study: Small, **nll: float) -> pd.DataFrame:
    """What aggregation makes of both methods scaled back: 2 nats at the start, `nll` of each at the end."""
    ways = [row.model_copy(update={"condition": "scaled"}) for row in study.rows[1:]]
    sets = answers()[answers()["set"].isin(("forget", "retain"))].drop(columns="generation")
    for row in ways:
        frame = pd.concat([sets.assign(strength=0.0), sets.assign(strength=1.0, nll_answer=nll[row.carrier])])
        spec = {"benchmark": "tofu", "run": row.run, "condition": {"name": "scaled"}}
        study.made("ways", row.carrier, spec, {"model": [study.folder / "runs" / row.carrier]}, {}, frame)
    names = [row.carrier or row.objective for row in study.rows]
    inputs = {
        kind: [study.folder / place / name for name in names] for kind, place in (("score", "scores"), ("run", "runs"))
    }
    out = study.folder / "metrics"
    out.mkdir()
    spec = Aggregate(benchmark=made_up.TOFU, runs=tuple(study.rows), ways=tuple(ways))
    aggregate.run(spec, Work(inputs | {"way": [study.folder / "ways" / row.carrier for row in ways]}, out))
    return pd.read_parquet(out / "strength_scores.parquet")


def test_runs_scaled_back_have_a_row_per_strength_and_question(tmp_path: Path) -> None:
    found = followed(Small(tmp_path), full=8.0, lora=4.0)
    means = found[found["set"] == "forget"].groupby(["carrier", "strength"])["probability"].mean()
    assert means.tolist() == pytest.approx([0.6065, 0.1353, 0.6065, 0.3679], abs=1e-4)  # exp(-2/4, -8/4, -2/4, -4/4)
    assert set(found["condition"]) == {"scaled"}
    assert "rougeL" not in found  # nothing was written
    metrics = pd.read_parquet(tmp_path / "metrics" / "metrics.parquet")
    assert set(metrics["condition"]) == {"plain"}


def test_an_impossible_figure_of_a_strength_is_told(tmp_path: Path) -> None:
    with pytest.raises(CheckFailed, match=r"gd_lora \(scaled, strength 1\): probability of forget question 0 is 1\.64"):
        followed(Small(tmp_path), full=8.0, lora=-2.0)
