"""What a rehearsal writes of a study that needs no hub, and what it refuses."""

import shutil
from pathlib import Path

import pytest
import yaml

from grunflow.config.reading import read_study
from grunflow.config.typed import read_yaml
from grunflow.errors import BadInput
from grunflow.rehearsal.writing import write
from tests.rehearsal.test_study import ROOT


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(ROOT / "config", tmp_path / "config")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_study_without_a_hub_is_cut_and_nothing_is_made_up(place: Path) -> None:
    found = write(Path("config/your_data.yaml"), Path(".grunflow"), whole=False)
    assert found.told == ["Rehearsal, no result: trainings of 2 steps, one seed."]
    own = read_study(read_yaml(str(found.configfile), "--configfile"))
    assert (own.study, own.rehearsal) == ("rehearsal_your_data", found.told[0].rstrip("."))
    assert len(own.seeds) == 1
    assert not found.home.exists()


def test_a_rehearsal_is_not_rehearsed(place: Path) -> None:
    written = write(Path("config/your_data.yaml"), Path(".grunflow"), whole=True).configfile
    with pytest.raises(BadInput, match="is a rehearsal itself; give the study's own config"):
        write(written, Path(".grunflow"), whole=False)


def test_a_repository_in_whose_form_nothing_is_made_up_is_named(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = yaml.safe_load(Path("config/tofu_tiny.yaml").read_text())
    Path("study.yaml").write_text(yaml.safe_dump(config))
    monkeypatch.setattr("grunflow.rehearsal.benchmarks.made_up", lambda spec: {})
    with pytest.raises(BadInput, match=r"nothing makes up rows in the form of locuslab/TOFU; name a local copy"):
        write(Path("study.yaml"), Path(".grunflow"), whole=False)
