"""grunflow compare: differences are those of the frames, paired; the expected half-width is Student's, written out here."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import t as student
from tests.commands.finished_study import frames, made

from grunflow.commands.compare import compared, readable
from grunflow.errors import BadInput


def row(found: dict[str, Any], figure: str, name: str = "") -> dict[str, Any]:
    return next(item for item in found["differences"] if item["figure"] == figure and item["name"].endswith(name))


def test_two_runs_are_paired_by_question(tmp_path: Path) -> None:
    scores = frames()
    runs = made(tmp_path, scores) / "tofu" / "runs" / "tiny" / "forget10"
    found = compared(runs / "gd_full_t0", runs / "gd_grun_t0")
    asked = scores["questions"].query("set == 'retain'").set_index(["run", "index"])["probability"]
    apart = (asked["tiny/forget10/gd_grun_t0"] - asked["tiny/forget10/gd_full_t0"]).to_numpy()
    width = student.isf(0.025, len(apart) - 1) * np.std(apart, ddof=1) / np.sqrt(len(apart))
    told = row(found, "retain_probability")
    assert [told["difference"], told["lo"], told["hi"]] == pytest.approx(
        [apart.mean(), apart.mean() - width, apart.mean() + width]
    )
    assert told["interval"] == "questions only"
    (settings,) = found["settings"]
    assert settings["keys"]["carrier.name"] == ["full", "grun"]
    assert settings["keys"]["carrier.rank"] == [None, 2]
    assert "training.learning_rate" not in settings["keys"]
    assert 'carrier.name: "full" -> "grun"' in readable(found)


def test_two_studies_by_their_methods_over_shared_seeds(tmp_path: Path) -> None:
    first, second = frames(), frames()
    mine = second["questions"]["run"].str.contains("gd_grun") & (second["questions"]["set"] == "retain")
    second["questions"].loc[mine, "rougeL"] -= 0.25
    runs = second["metrics"]["run"].str.contains("gd_grun")
    second["metrics"].loc[runs, "retain_rougeL"] -= 0.25
    for name in ("metrics", "questions"):  # and a seed less
        second[name] = second[name][second[name]["run"] != "tiny/forget10/gd_full_t1"]
    studies = made(tmp_path / "a", first), made(tmp_path / "b", second, learning_rate=0.5)
    found = compared(*studies)
    told = row(found, "retain_rougeL", "gd grun")
    assert told["difference"] == pytest.approx(-0.25)
    assert [told["seeds"], told["interval"]] == [2, "questions and seeds"]
    assert row(found, "retain_rougeL", "gd full")["seeds"] == 1
    assert row(found, "retain_rougeL", "gd full")["difference"] == 0
    (settings,) = found["settings"]
    assert settings["keys"] == {"training.learning_rate": [0.01, 0.5]}
    assert len(settings["runs"]) == 3
    assert found["only_first"] == ["tofu/runs/tiny/forget10/gd_full_t1"]
    assert "training.learning_rate: 0.01 -> 0.5" in readable(found)


def test_what_cannot_be_paired_is_refused(tmp_path: Path) -> None:
    first = made(tmp_path / "a", frames())
    other = made(tmp_path / "b", frames(), questions="What?")
    place = Path("tofu/runs/tiny/forget10/gd_full_t0")
    with pytest.raises(BadInput, match=r"gd_full_t0 and .*gd_full_t0 were asked different questions"):
        compared(first / place, other / place)
    assert compared(first, other)["differences"] == []
    with pytest.raises(BadInput, match="one is a run's folder, the other a study's"):
        compared(first / place, other)
    with pytest.raises(BadInput, match="nowhere: has no finished tables; run snakemake"):
        compared(tmp_path / "nowhere", first)
