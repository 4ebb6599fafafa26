"""What `grunflow verify` finds in a study's folder whose files, manifests or folders were changed by hand."""

import json
import shutil
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

import pytest

from grunflow.commands import verify
from grunflow.errors import CheckFailed
from grunflow.manifest import digest_of, identities_of, output_folder

STUDY = Path("results/small")
DATA, METRICS, CLAIMS = (STUDY / name for name in ("tofu/data", "tofu/metrics", "claims"))
ONE, OTHER = (STUDY / "tofu/scores" / name / "plain" for name in ("one", "other"))


def made(folder: Path, name: str, text: str, stage: str = "", **inputs: list[Path]) -> None:
    """A finished folder with one file."""
    spec = {"stage": stage, "of": str(folder)}
    with output_folder(folder, spec=spec, code="", inputs=identities_of(inputs)) as (draft, _):
        (draft / name).write_text(text)


@pytest.fixture(autouse=True)
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Data, two runs' scores, their metrics, and claims with the copy at the root."""
    monkeypatch.chdir(tmp_path)
    made(DATA, "sets.jsonl", "questions")
    for place in (ONE, OTHER):
        made(place, "answers.parquet", f"scores of {place.parent.name}", data=[DATA])
    made(METRICS, "metrics.parquet", "means", score=[ONE, OTHER])
    made(CLAIMS, "claims.json", "[]", "claims", metrics=[METRICS])
    shutil.copy(CLAIMS / "claims.json", STUDY)


def run(rebuild: bool = False) -> None:
    verify.run(Namespace(folder=STUDY, rebuild=rebuild, configfile=None))


def problems(rebuild: bool = False) -> list[str]:
    with pytest.raises(CheckFailed) as caught:
        run(rebuild)
    return str(caught.value).split("; ")[:-1]


def overwritten_without_manifest() -> None:
    (ONE / "manifest.json").unlink()
    (ONE / "answers.parquet").write_text("better scores")


def added() -> None:
    (METRICS / "losses.parquet").write_text("from elsewhere")


def swapped() -> None:
    ONE.rename("aside")
    OTHER.rename(ONE)
    Path("aside").rename(OTHER)


def edited_manifest() -> None:
    path = ONE / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"code": "another"}))


def forged() -> None:
    """Scores overwritten, and their manifest made to fit."""
    (ONE / "answers.parquet").write_text("better scores")
    manifest = json.loads((ONE / "manifest.json").read_text())
    manifest["outputs"]["answers.parquet"] = verify.sha256(ONE / "answers.parquet")
    del manifest["checksum"]
    (ONE / "manifest.json").write_text(json.dumps(manifest | {"checksum": digest_of(manifest)}))


def other_copy() -> None:
    (STUDY / "claims.json").write_text('[{"verdict": "supported"}]')


def stray_folder() -> None:
    (STUDY / "tofu/scores/third/plain").mkdir(parents=True)
    (STUDY / "tofu/scores/third/plain/answers.parquet").write_text("of nobody")


FAULTS: dict[str, tuple[Callable[[], object], list[str]]] = {
    "a manifest is deleted and its scores are overwritten": (
        overwritten_without_manifest, [f"{ONE}: holds files, and no manifest.json"]),
    "a file is flipped": (
        lambda: (ONE / "answers.parquet").write_text("scores of onf"), [f"{ONE}/answers.parquet: checksum differs from its manifest"]),
    "a file is gone": ((METRICS / "metrics.parquet").unlink, [f"{METRICS}/metrics.parquet: missing"]),
    "a file is added": (added, [f"{METRICS}/losses.parquet: is no output of the stage that wrote the folder"]),
    "a manifest is edited": (
        edited_manifest,
        [f"{ONE}/manifest.json: differs from its own checksum", f"{METRICS}/manifest.json: was made from another {ONE} than lies"]),
    "a manifest is cut short": (
        lambda: (ONE / "manifest.json").write_text('{"spec": {'), [f"{ONE}/manifest.json: not JSON"]),
    "scores and manifest are forged": (forged, [f"{METRICS}/manifest.json: was made from another "]),
    "two folders are swapped": (swapped, [f"{METRICS}/manifest.json: was made from another "] * 2),
    "a folder is gone": (lambda: shutil.rmtree(ONE), [f"{ONE}: is gone, and {METRICS} was made from it"]),
    "a folder is nobody's": (stray_folder, [f"{STUDY}/tofu/scores/third/plain: holds files, and no manifest.json"]),
    "the copy at the root is gone": ((STUDY / "claims.json").unlink, [f"{STUDY}/claims.json: is gone, the copy of an output of {CLAIMS}"]),
    "the copy at the root is another": (other_copy, [f"{STUDY}/claims.json: differs from the output it is a copy of"]),
}  # fmt: skip


def test_a_study_that_nobody_touched_is_sound(capsys: pytest.CaptureFixture) -> None:
    run()
    assert capsys.readouterr().out == "5 folders verified, 5 files\n"


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_named(name: str) -> None:
    fault, told = FAULTS[name]
    fault()
    found = [problem.replace(f"{Path.cwd()}/", "") for problem in problems()]
    assert len([problem for problem in found if not problem.startswith("delete the folder")]) == len(told), found
    for start in told:
        assert any(problem.startswith(start) for problem in found), found


@pytest.mark.parametrize(
    ("name", "gone"),
    [
        ("a manifest is deleted and its scores are overwritten", ONE),
        ("a file is added", METRICS),
        ("two folders are swapped", METRICS),
        ("a folder is nobody's", STUDY / "tofu/scores/third/plain"),
        ("the copy at the root is another", STUDY / "claims.json"),
    ],
)
def test_rebuild_deletes_what_is_not_to_be_trusted_and_nothing_else(name: str, gone: Path) -> None:
    before = {path for path in STUDY.rglob("*") if path.is_file()}
    FAULTS[name][0]()
    problems(rebuild=True)
    assert not gone.exists()
    assert {path for path in before if not path.is_file()} <= {gone, *(path for path in before if gone in path.parents)}


def test_logs_drafts_and_what_tables_partial_made_are_left_aside() -> None:
    for place in ("logs/tofu", ".report.draft-host-1", "partial/tables", "partial"):
        (STUDY / place).mkdir(parents=True, exist_ok=True)
        (STUDY / place / "file.csv").write_text("part")
    made(STUDY / "partial/tofu/metrics", "metrics.parquet", "of fewer runs", score=[ONE])
    shutil.rmtree(STUDY / "tofu/scores/one")
    made(ONE, "answers.parquet", "scores of one", data=[DATA])
    run()
