"""What runs again after something was deleted, damaged or exchanged: by Snakemake's own dry run and by `grunflow why`."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.workflow.edits import PAGES, TOFU_EVALUATED, TOFU_SCORES, TOFU_TUNED, TRAINED, Edit, config, more
from tests.workflow.small_study import planned, why

pytestmark = pytest.mark.slow

RESULTS = "results/small"
TOFU = f"{RESULTS}/tofu"
RUN = "mini/forget01/gd_grun_t0_u0"
REPORT = {"report": 1}
# Paths that are gone, an edit beside that, and what runs again.
LOSSES: dict[str, tuple[tuple[str, ...], Edit | None, dict[str, int]]] = {
    "what nobody reads any more": (
        (f"{TOFU}/data", f"{TOFU}/runs", f"{TOFU}/scores", f"{TOFU}/metrics", f"{RESULTS}/wmdp", f"{RESULTS}/logs",
         ".snakemake", ".grunflow"), None, {},
    ),
    "a file of a table": ((f"{RESULTS}/tables/tofu_main.csv",), None, {"tables": 1, **REPORT}),
    "a file of a figure": ((f"{RESULTS}/figures/training_curves.pdf",), None, {"figures": 1, **REPORT}),
    "the report that people open": ((f"{RESULTS}/report.html",), None, REPORT),
    "the report's folder": ((f"{RESULTS}/report",), None, REPORT),
    "the folder of tables": ((f"{RESULTS}/tables",), None, {"tables": 1, **REPORT}),
    "the manifest of tables": ((f"{RESULTS}/tables/manifest.json",), None, {"tables": 1, **REPORT}),
    "the manifest of data": (
        (f"{TOFU}/data/manifest.json",), None, {"prepare": 1, "finetune_base": 1, **TOFU_TUNED},
    ),
    "the manifest of a run": (
        (f"{TOFU}/runs/{RUN}/manifest.json",), None, {"unlearn": 1, "evaluate": 1, **TOFU_SCORES},
    ),
    "metrics and tables": ((f"{TOFU}/metrics", f"{RESULTS}/tables"), None, TOFU_SCORES),
    "Snakemake's records, with a key edited": ((".snakemake",), config(training__grun__learning_rate=2e-3), TRAINED),
    "a run that is to be scored otherwise": (
        (f"{TOFU}/runs/{RUN}",), more("evaluation/probes/membership.py"), {"unlearn": 1, "evaluate": TOFU_EVALUATED, **TOFU_SCORES},
    ),
    "the data of a run that is stale": (
        (f"{TOFU}/data",), config(objectives__gd__retain_weight=2.0), {"prepare": 1, "finetune_base": 1, **TOFU_TUNED},
    ),
}  # fmt: skip


@pytest.fixture
def lost(finished: Path, tmp_path: Path) -> Iterator:
    """A function that takes files and folders of the finished study away, times kept; after the test they are put back."""
    taken: list[tuple[Path, Path]] = []
    times: dict[
        Path, os.stat_result
    ] = {}  # of the folders that they lay in: Snakemake reads the time of one in a cache

    def take(*names: str) -> None:
        for place in map(finished.joinpath, names):
            times.setdefault(place.parent, place.parent.stat())
            taken.append((place, tmp_path / str(len(taken))))
            shutil.move(*taken[-1])

    yield take
    for place, aside in reversed(taken):
        if place.is_dir():
            shutil.rmtree(place)
        shutil.move(aside, place)
    for folder, known in times.items():
        os.utime(folder, ns=(known.st_atime_ns, known.st_mtime_ns))


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_reruns_exactly_what_somebody_reads(finished: Path, edited, lost, name: str) -> None:
    paths, edit, expected = LOSSES[name]
    if edit:
        edited(edit)
    lost(*paths)
    assert planned(finished) == why(finished) == expected


def test_a_results_folder_that_is_gone_is_made_from_the_start(finished: Path, lost) -> None:
    lost(RESULTS)
    every = {**TOFU_TUNED, "prepare": 2, "finetune_base": 2, "unlearn": 4, "evaluate": 7, "aggregate": 2, **PAGES}
    assert planned(finished) == why(finished) == every


def test_scores_that_changed_places_are_made_again(finished: Path, tmp_path: Path) -> None:
    folders = [finished / TOFU / "scores" / RUN.replace("gd", name) for name in ("gd", "npo")]
    exchange(*folders, tmp_path / "aside")
    try:
        assert planned(finished) == why(finished) == {"evaluate": 2, **TOFU_SCORES}
    finally:
        exchange(*folders, tmp_path / "aside")


def exchange(one: Path, other: Path, aside: Path) -> None:
    for source, target in ((one, aside), (other, one), (aside, other)):
        shutil.move(source, target)


def test_a_manifest_cut_short_is_as_none(finished: Path, tmp_path: Path) -> None:
    path = finished / TOFU / "scores" / RUN / "plain" / "manifest.json"
    shutil.copy2(path, tmp_path)
    path.write_bytes(path.read_bytes()[:100])
    try:
        assert planned(finished) == why(finished) == {"evaluate": 1, **TOFU_SCORES}
    finally:
        shutil.copy2(tmp_path / path.name, path)
