"""The between-workflow cache: what was made once is restored, never trained again, and never mixed up."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from grunflow.manifest import finished_folders
from tests.workflow.small_study import BIN, call, environment, planned, set_keys, snakemake, snakemake_command

pytestmark = pytest.mark.slow
STUDY = Path("results") / "small"
BENCHMARKS = ("tofu", "wmdp")
# What is unlearned: below runs/ and scores/ of its benchmark.
RUNS = {"tofu": [f"mini/forget01/{name}_grun_t0_u0" for name in ("gd", "npo", "mine")], "wmdp": ["crafty/rmu_grun_u0"]}
UNLEARNED = sum(map(len, RUNS.values()))


def clone(folder: Path, to: Path) -> Path:
    """The work tree as a fresh clone has it: without results and without Snakemake's own notes."""
    shutil.copytree(folder, to, ignore=shutil.ignore_patterns("results", ".snakemake", "__pycache__"))
    return to


def run(folder: Path, cache: Path, *goals: str) -> None:
    done = snakemake(folder, "--cache", "--", *goals, SNAKEMAKE_OUTPUT_CACHE=str(cache))
    assert done.returncode == 0, done.stdout + done.stderr


def verified(folder: Path, *arguments: str) -> tuple[int, str]:
    done = call(folder, BIN / "grunflow", "verify", STUDY, *arguments)
    return done.returncode, done.stderr


def manifests(folder: Path) -> dict[str, bytes]:
    """Of every cached stage. They hold times: equal bytes are of one run."""
    parts = [folder / STUDY / name / part for name in BENCHMARKS for part in ("data", "runs", "scores")]
    found = [place for part in parts for place in finished_folders(part)]
    return {str(place.relative_to(folder / STUDY)): (place / "manifest.json").read_bytes() for place in found}


def score_tables(folder: Path) -> list[bytes]:
    return [(folder / STUDY / "tables" / name).read_bytes() for name in ("tofu_main.csv", "wmdp_main.csv")]


def cached_by_plan(folder: Path, cache: Path) -> int:
    """Jobs that `grunflow plan` says the cache holds."""
    asked = ("plan", "--configfile", "study.yaml", "--json")
    done = call(folder, BIN / "grunflow", *asked, SNAKEMAKE_OUTPUT_CACHE=str(cache))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["totals"]["cached"]


def entries(cache: Path) -> set[str]:
    return {path.name for path in cache.iterdir()}


def test_every_cached_job_has_an_entry_of_its_own(cached: tuple[Path, Path]) -> None:
    used = [(cached[0] / STUDY / name).resolve().name for name in manifests(cached[0])]
    assert len(used) == len(set(used))
    assert set(used) <= entries(cached[1])


def test_a_fresh_clone_restores_everything_and_trains_nothing(cached: tuple[Path, Path], tmp_path: Path) -> None:
    before = entries(cached[1])
    folder = clone(cached[0], tmp_path / "clone")
    assert cached_by_plan(folder, cached[1]) == len(before)
    run(folder, cached[1])
    assert cached_by_plan(folder, cached[1]) == 0, "what lies in the study's folder is done"
    assert manifests(folder) == manifests(cached[0])
    assert score_tables(folder) == score_tables(cached[0])
    assert entries(cached[1]) == before
    assert verified(folder) == (0, "")
    assert planned(folder) == {}


def test_a_rate_changed_and_changed_back_restores_the_first_result(cached: tuple[Path, Path], tmp_path: Path) -> None:
    folder, first = clone(cached[0], tmp_path / "clone"), manifests(cached[0])
    set_keys(folder / "study.yaml", {"training__grun__learning_rate": 0.1})
    assert cached_by_plan(folder, cached[1]) == len(first) - 2 * UNLEARNED  # the runs and their scores
    run(folder, cached[1])
    changed = {name for name, content in manifests(folder).items() if content != first[name]}
    runs = [(benchmark, name) for benchmark, names in RUNS.items() for name in names]
    assert changed == {f"{part}/runs/{name}" for part, name in runs} | {
        f"{part}/scores/{name}/plain" for part, name in runs
    }
    assert score_tables(folder) != score_tables(cached[0])
    set_keys(folder / "study.yaml", {"training__grun__learning_rate": 1e-3})
    run(folder, cached[1])
    assert manifests(folder) == first
    assert score_tables(folder) == score_tables(cached[0])
    assert verified(folder) == verified(cached[0]) == (0, "")


def test_a_flipped_byte_is_named_and_the_stage_rebuilt_on_request(cached: tuple[Path, Path], tmp_path: Path) -> None:
    """The byte is flipped in the cache, which the study's folder links to."""
    folder, cache = clone(cached[0], tmp_path / "clone"), tmp_path / "cache"
    shutil.copytree(cached[1], cache)
    run(folder, cache)
    stage = str(STUDY / "tofu" / "runs" / "mini" / "forget01" / "gd_grun_t0_u0")
    damaged = folder / stage / "carrier" / "interventions.safetensors"
    content = bytearray(damaged.read_bytes())
    content[-1] ^= 1
    damaged.write_bytes(content)
    status, text = verified(folder)
    assert status == 3
    assert f"{stage}/carrier/interventions.safetensors: checksum differs" in text
    status, text = verified(folder, "--rebuild")
    assert text.rstrip().endswith(
        f"deleted; make it again: the snakemake call of the study, and at its end: -- {stage}"
    )
    assert not (folder / stage).exists()
    run(folder, cache, stage)
    assert verified(folder) == (0, "")
    first = manifests(cached[0])
    assert {name for name, content in manifests(folder).items() if content != first[name]} == {
        stage[len("results/small/") :]
    }
    # The same bytes, so that what was made from it may stay.
    assert snakemake(folder, "--touch").returncode == 0
    assert planned(folder) == {}


def test_two_workflows_fill_one_cache_at_once(cached: tuple[Path, Path], tmp_path: Path) -> None:
    cache, goal = tmp_path / "cache", "results/small/wmdp/scores/crafty/base/plain"
    cache.mkdir()
    folders = [clone(cached[0], tmp_path / name) for name in ("one", "two")]
    runs = [subprocess.Popen([*snakemake_command("--cache", "--", goal)], cwd=folder, text=True, stderr=subprocess.STDOUT,
                             stdout=subprocess.PIPE, env=environment(folder, SNAKEMAKE_OUTPUT_CACHE=str(cache)))
            for folder in folders]  # fmt: skip
    for process in runs:
        output, _ = process.communicate(timeout=300)
        assert process.returncode == 0, output
    assert verified(folders[0]) == verified(folders[1]) == (0, "")
    answers = {(folder / goal / "choice.parquet").read_bytes() for folder in (*folders, cached[0])}
    assert len(answers) == 1
    assert len(entries(cache)) == 3
