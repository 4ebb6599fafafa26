"""grunflow show: what it says of a run is what the study's frames hold."""

import json
from argparse import Namespace
from pathlib import Path

import pytest
from tests.commands.finished_study import finish, frames, made
from tests.exporting.made import MODEL

from grunflow.commands.show import readable, run, shown
from grunflow.config.specs import Finetune


def test_settings_scores_and_the_questions_it_knows_best(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = frames()
    name = "tiny/forget10/gd_grun_t1"
    place = made(tmp_path, found) / "tofu" / "runs" / name
    run(Namespace(run=place, leaks=3, json=True))
    told = json.loads(capsys.readouterr().out)
    assert told["settings"]["training.learning_rate"] == 0.01
    assert told["settings"]["carrier.rank"] == 2
    row = found["metrics"].set_index("run").loc[name]
    utility = next(item for item in told["scores"] if item["figure"] == "model_utility")
    both = found["metrics"].query("objective == 'gd' and carrier == 'grun'")["model_utility"]
    assert utility["run"] == pytest.approx(row["model_utility"])
    assert utility["mean"] == pytest.approx(both.mean())
    assert utility["lo"] <= utility["mean"] <= utility["hi"]
    assert "interval, seeds: 2." in told["note"]
    asked = found["questions"].query("run == @name and set == 'forget'").sort_values("probability", ascending=False)
    assert [leak["question"] for leak in told["leaks"]] == [f"Who is forget {index}?" for index in asked["index"][:3]]
    assert told["leaks"][0]["generation"] == f"{name} {asked['index'].iloc[0]}"
    text = readable(told)
    assert "carrier.gate: linear" in text
    assert f"it says: {name}" in text


def test_of_a_run_in_no_study_the_settings_alone(tmp_path: Path) -> None:
    place = finish(tmp_path / "alone", Finetune(benchmark="tofu", model=MODEL, role="target", files=("a",), seed=3))
    told = shown(place, 5)
    assert told["settings"]["seed"] == 3
    assert told["scores"] == told["leaks"] == []
    assert "no scores: it lies in no study" in readable(told)


def test_of_a_study_its_verdicts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study = made(tmp_path, frames())
    base = {"about": "the paper", "reason": "", "judged": "alone", "n": 12, "effect": 0.2, "lo": 0.1, "hi": 0.3}
    verdicts = [
        base | {"id": "paper/keeps", "claim": "keeps", "verdict": "supported", "primary": True},
        base | {"id": "paper/cheap", "claim": "cheap", "verdict": "contradicted", "primary": False},
    ]
    (study / "claims.json").write_text(json.dumps(verdicts))
    (study / "report.html").write_text("")
    run(Namespace(run=study, leaks=3, json=False))
    first, second, report = capsys.readouterr().out.splitlines()
    assert first.endswith("1 supported, 1 contradicted")
    assert second.strip().startswith("supported         paper/keeps: ")
    assert report == f"report: {study}/report.html"
