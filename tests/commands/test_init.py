"""grunflow init: what it writes is a study that reads at once and runs as the one that it was made from."""

from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest
import yaml

from grunflow.commands import init
from grunflow.config.jobs import all_jobs
from grunflow.config.reading import read_study
from grunflow.config.typed import read_yaml
from grunflow.errors import BadInput

DEMO = Path("config/demo.yaml")  # tests run in the repository's root


def flags(out: Path, **more: Any) -> Namespace:
    given = {
        "study": "mine",
        "like": DEMO,
        "benchmark": None,
        "model": None,
        "objectives": None,
        "carriers": None,
        "seeds": 1,
        "out": out,
    }
    return Namespace(**given | more)


def test_its_runs_are_those_of_the_study_that_it_is_like(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    init.run(flags(tmp_path / "mine.yaml", objectives=["gd", "idk"], carriers=["full", "grun"], seeds=2))
    study = read_study(read_yaml(str(tmp_path / "mine.yaml"), "config"))
    mine = {job.folder.replace("results/mine/", ""): job for job in all_jobs(study)}
    demo = {
        job.folder.replace("results/demo/", ""): job for job in all_jobs(read_study(read_yaml(str(DEMO), "config")))
    }
    unlearned = {name for name, job in mine.items() if job.rule == "unlearn"}
    assert len(unlearned) == 2 * 2 * 2
    assert unlearned <= set(demo)
    assert all(mine[name].spec == demo[name].spec for name in unlearned)
    assert f"{len(mine)} jobs" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"objectives": ["gdd"]}, r"Unknown objective 'gdd'\. Did you mean 'gd'"),
        ({"model": "llama"}, "Unknown model 'llama'"),
        ({"benchmark": "muse"}, "--model, --objectives, --carriers: .*has no row of a grid for 'muse'"),
        ({"carriers": ["reft"]}, "reft.*needs"),
        ({"seeds": 0}, "--seeds: got 0, expected 1 or more"),
    ],
)
def test_what_is_not_valid_is_refused_and_nothing_written(tmp_path: Path, more: dict, told: str) -> None:
    with pytest.raises(BadInput, match=told):
        init.run(flags(tmp_path / "mine.yaml", **more))
    assert not (tmp_path / "mine.yaml").exists()


def test_a_file_that_is_there_stays(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("mine: 1")
    with pytest.raises(BadInput, match=r"mine\.yaml: is there already"):
        init.run(flags(tmp_path / "mine.yaml"))
    assert yaml.safe_load((tmp_path / "mine.yaml").read_text()) == {"mine": 1}


def test_conditions_of_what_was_cut_away_are_cut_away_too(tmp_path: Path) -> None:
    """The demo's are for GD on TOFU, but for one that says of nothing what it is for."""
    for number, (more, kept) in enumerate(
        (
            ({"benchmark": "wmdp"}, {"scaled"}),
            ({"objectives": ["npo"]}, {"scaled"}),
            ({}, {"scaled", "paraphrased", "nf4"}),
        )
    ):
        out = tmp_path / f"{number}.yaml"
        init.run(flags(out, **more))
        assert set(read_study(read_yaml(str(out), "config")).conditions) == kept
