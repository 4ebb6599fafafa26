"""What goes into the archive of a study whose methods are partly the user's own; tests/workflow has a whole study."""

import zipfile
from argparse import Namespace
from pathlib import Path

import pytest
import yaml

from grunflow.commands import export


def test_manifests_of_every_benchmark_whole_tables_and_the_methods_go_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(export, "refuse_stale", lambda study, content: None)  # the folders here are of no study
    for place in ("tofu/runs/m/gd_full_u0", "muse/scores/m/base/plain", "tables", "claims"):
        folder = tmp_path / "results" / "s" / place
        folder.mkdir(parents=True)
        for name in ("manifest.json", "content.txt"):
            (folder / name).write_text(name)
    for name in ("models.yaml", "envs/requirements.lock", "mine.py"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text("")
    study = {"study": "s", "models_sheet": "models.yaml", "objectives": {"mine": {"file": "mine.py"}, "gd": None}}
    Path("s.yaml").write_text(yaml.safe_dump(study))
    export.run(Namespace(folder=Path("results/s"), out=Path("s.zip"), configfile=Path("s.yaml")))
    assert zipfile.ZipFile("s.zip").namelist() == [
        "config/models.yaml",
        "config/s.yaml",
        "envs/requirements.lock",
        "objectives/mine.py",
        "s/claims/manifest.json",
        "s/muse/scores/m/base/plain/manifest.json",
        "s/tables/content.txt",
        "s/tables/manifest.json",
        "s/tofu/runs/m/gd_full_u0/manifest.json",
    ]
