"""What grunflow doctor finds on this machine, and what it says where something is missing."""

import argparse
from pathlib import Path

import pytest
import yaml

from grunflow.commands import doctor
from grunflow.config.reading import read_study
from grunflow.errors import CheckFailed

ROOT = Path(__file__).parents[2]


def test_this_machine_is_fit_for_the_demo(capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.delenv("SNAKEMAKE_OUTPUT_CACHE", raising=False)
    doctor.run(argparse.Namespace(configfile=Path("config/demo.yaml")))
    lines = capsys.readouterr().out.splitlines()
    told = {line[6:].partition(":")[0] for line in lines}
    assert {"python", "lock", "git", "SLURM", "hub's cache", "disk", "memory", "hub"} <= told
    assert not any(line.startswith("fault") for line in lines)
    assert any("hub: the study needs nothing from it" in line for line in lines)


def test_a_missing_cache_and_a_repository_that_is_not_to_be_had_are_faults(
    tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("SNAKEMAKE_OUTPUT_CACHE", str(tmp_path / "absent"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    content = yaml.safe_load((ROOT / "config" / "demo.yaml").read_text())
    content["benchmarks"]["tofu"] = {"repo": "nobody/nothing-here"}
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(content))
    with pytest.raises(CheckFailed, match=r"2 of .* findings are faults"):
        doctor.run(argparse.Namespace(configfile=tmp_path / "study.yaml"))
    text = capsys.readouterr().out
    assert f"cache: SNAKEMAKE_OUTPUT_CACHE: {tmp_path / 'absent'} is no folder; make it, or name another." in text
    assert "dataset nobody/nothing-here: the hub cannot be reached and the cache has no copy" in text


def test_packages_that_differ_from_the_lock_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert [item.state for item in doctor.lock()] == ["note"]
    Path("envs").mkdir()
    Path("envs/requirements.lock").write_text("# a comment\nnumpy==0.1\nnot-there==1.0\n")
    (found,) = doctor.lock()
    assert found.state == "note"
    assert "2 packages differ: numpy " in found.text
    assert "not-there missing (lock 1.0)" in found.text


@pytest.mark.parametrize("model", ["smollm2-135m", "smollm2-135m-bf16"])
def test_bf16_without_instructions_for_it_is_told_where_a_study_uses_it(
    model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    content = yaml.safe_load((ROOT / "config" / "laptop_small.yaml").read_text())
    content["grid"][0]["model"] = model
    found = [(item.state, item.what, item.text) for item in doctor.number_types(read_study(content))]
    if not model.endswith("bf16"):
        assert found == []
        return
    ((state, what, text),) = found
    slower = float(text.split()[5])  # measured here and now: which of the two it is depends on this CPU
    assert what == "bf16"
    assert state == ("ok" if slower <= 1 else "note")
    assert ("in place of smollm2-135m-bf16 are faster" in text) == (slower > 1)
