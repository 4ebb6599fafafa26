"""What goes into the archive of a study whose methods are partly the user's own; tests/workflow has a whole study."""

import json
import zipfile
from argparse import Namespace
from pathlib import Path

import pytest
import yaml

from grunflow.blinding import names_user
from grunflow.commands import export
from grunflow.manifest import digest_of


def test_manifests_of_every_benchmark_whole_tables_and_the_methods_go_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(export, "refuse_stale", lambda study, content: None)  # the folders here are of no study
    for place in ("tofu/runs/m/gd_full_u0", "muse/scores/m/base/plain", "tofu/metrics", "tables", "claims"):
        folder = tmp_path / "results" / "s" / place
        folder.mkdir(parents=True)
        (folder / "manifest.json").write_text("{}")
        (folder / "content.txt").write_text("content")
    for name in ("models.yaml", "envs/requirements.lock", "mine.py", "judged.yaml", "theirs/numbers.csv"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text("")
    study = {"study": "s", "models_sheet": "models.yaml", "objectives": {"mine": {"file": "mine.py"}, "gd": None},
             "benchmarks": {"tofu": {}}, "claims": "judged.yaml", "published": ["theirs/numbers.csv", "/elsewhere/x.csv"]}  # fmt: skip
    Path("s.yaml").write_text(yaml.safe_dump(study))
    export.run(Namespace(folder=Path("results/s"), out=Path("s.zip"), configfile=Path("s.yaml")))
    assert zipfile.ZipFile("s.zip").namelist() == [
        "config/models.yaml",
        "config/s.yaml",
        "envs/requirements.lock",
        "judged.yaml",
        "objectives/mine.py",
        "s/claims/manifest.json",
        "s/muse/scores/m/base/plain/manifest.json",
        "s/tables/content.txt",
        "s/tables/manifest.json",
        "s/tofu/metrics/content.txt",
        "s/tofu/metrics/manifest.json",
        "s/tofu/runs/m/gd_full_u0/manifest.json",
        "theirs/numbers.csv",
    ]


def test_nothing_in_the_archive_tells_who_made_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A supplement is reviewed double-blind; the manifests' own checksums still hold."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(export, "refuse_stale", lambda study, content: None)  # the folder here is of no study
    monkeypatch.setenv("HOME", "/home/agnodice")
    monkeypatch.setenv("LOGNAME", "agnodice")
    texts = {
        "manifest.json": json.dumps({
            "command": ["/scratch/agnodice/env/bin/grunflow", "--input", f"data={tmp_path}/results/s", "--file", "/data/mine.py"],
            "files": {"/gpfs/agnodice/tofu/full.json": "0"}, "spec": {"folder": "/gpfs/agnodice/tofu", "repo": "locuslab/TOFU"},
            "checksum": "x",
        }),
        "table.csv": "log\n/scratch/agnodice/log.json\n", "page.html": f"<p>{tmp_path}/a and /home/agnodice/b</p>",
        "note.md": "token hf_abcdefghijklmnopqrstuvwxyz and/or x",
    }  # fmt: skip
    folder = tmp_path / "results" / "s" / "tables"
    folder.mkdir(parents=True)
    for name, text in texts.items():
        (folder / name).write_text(text)
    for name, text in (("models.yaml", ""), ("envs/requirements.lock", "a==1"), ("s.yaml", "")):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(text)
    Path("s.yaml").write_text("study: s\nmodels_sheet: models.yaml\nrepo: org/x\nfolder: /scratch/agnodice/tofu\n")
    export.run(Namespace(folder=Path("results/s"), out=None, configfile=Path("s.yaml")))
    archive = zipfile.ZipFile("s.zip")
    found = {name: archive.read(name).decode() for name in archive.namelist()}
    for text in found.values():
        assert not any(word in text for word in ("agnodice", str(tmp_path), "hf_abc", "/scratch", "/gpfs"))
    manifest = json.loads(found["s/tables/manifest.json"])
    assert manifest["command"] == ["grunflow", "--input", "data=results/s", "--file", "mine.py"]
    assert manifest["spec"] == {"folder": "tofu", "repo": "locuslab/TOFU"}
    assert manifest.pop("checksum") == digest_of(manifest)
    assert found["s/tables/page.html"] == "<p>a and ~/b</p>"
    assert found["s/tables/note.md"] == "token <token> and/or x"
    assert "repo: org/x" in found["config/s.yaml"]


def test_a_name_that_is_left_in_a_text_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "agnodice")
    assert names_user(b"written by Agnodice.")
    assert not names_user(b"agnodices")
    monkeypatch.setenv("LOGNAME", "root")
    assert not names_user(b"the root of the mean square")
