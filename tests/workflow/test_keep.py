"""`keep`: what a study does not keep goes once it is scored, and is trained again only to be scored again."""

import shutil
from pathlib import Path

import pytest

from tests.workflow.edits import TOFU_EVALUATED, TOFU_SCORES, TOFU_UNLEARNED, TRAINED, more
from tests.workflow.small_study import BIN, call, planned, set_keys, why
from tests.workflow.test_cache import RUNS, STUDY, clone, entries, run, score_tables
from tests.workflow.test_cache import UNLEARNED as COUNT

pytestmark = pytest.mark.slow
SCORED = {rule: count for rule, count in TRAINED.items() if rule != "unlearn"}
UNLEARNED = {"unlearn_and_discard": COUNT}


@pytest.fixture(scope="module")
def lean(cached: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The finished study with `keep: none`, and its cache."""
    folder, cache = clone(cached[0], tmp_path_factory.mktemp("lean") / "study"), tmp_path_factory.mktemp("cache")
    shutil.copytree(cached[1], cache, dirs_exist_ok=True)
    set_keys(folder / "study.yaml", {"keep": "none"})
    run(folder, cache)
    return folder, cache


def test_what_was_trained_is_gone_and_the_scores_are_the_same(
    cached: tuple[Path, Path], lean: tuple[Path, Path]
) -> None:
    folder, _ = lean
    assert not list((folder / STUDY).glob("*/carriers/**/*.safetensors"))
    for benchmark, names in RUNS.items():
        for name in names:
            assert (folder / STUDY / benchmark / "runs" / name / "manifest.json").is_file()
            assert not (folder / STUDY / benchmark / "runs" / name / "carrier").exists()
    assert score_tables(folder) == score_tables(cached[0])
    assert planned(folder) == why(folder) == {}
    verified = call(folder, BIN / "grunflow", "verify", STUDY)
    assert (verified.returncode, verified.stderr) == (0, "")
    assert f"{COUNT} inputs are gone" in verified.stdout


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (lambda folder: set_keys(folder / "study.yaml", {"training__grun__learning_rate": 2e-3}), {**UNLEARNED, **SCORED}),
        # The reference models are scored again too; only what was discarded is trained again.
        (more("evaluation/probes/membership.py"),
         {"unlearn_and_discard": TOFU_UNLEARNED, "evaluate": TOFU_EVALUATED, **TOFU_SCORES}),
        (lambda folder: set_keys(folder / "study.yaml", {"keep": "all"}), {"unlearn": COUNT, **SCORED}),
        (lambda folder: set_keys(folder / "study.yaml", {"title": "Another"}), {"report": 1}),
    ],
    ids=["a rate", "a probe", "keep", "a title"],
)  # fmt: skip
def test_an_edit_trains_again_what_it_must(lean: tuple[Path, Path], tmp_path: Path, edit, expected: dict) -> None:
    folder = tmp_path / "study"
    shutil.copytree(lean[0], folder, symlinks=True)
    edit(folder)
    assert planned(folder) == why(folder) == expected


def test_keeping_less_than_before_trains_again_too(cached: tuple[Path, Path], tmp_path: Path) -> None:
    folder = tmp_path / "study"
    shutil.copytree(cached[0], folder, symlinks=True)
    set_keys(folder / "study.yaml", {"keep": "none"})
    assert planned(folder) == why(folder) == {**UNLEARNED, **SCORED}


def test_what_is_discarded_is_not_kept_in_the_cache_either(cached: tuple[Path, Path], lean: tuple[Path, Path]) -> None:
    fresh = entries(lean[1]) - entries(cached[1])
    assert len(fresh) == COUNT  # the runs' scores
    assert not [name for name in fresh if list((lean[1] / name).rglob("*.safetensors"))]
