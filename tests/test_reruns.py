"""What `grunflow why` says, over manifests written by hand; tests/workflow/test_reruns.py holds it against Snakemake."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from grunflow import changes, reruns
from grunflow.commands import accept
from grunflow.commands.why import kind_of, report
from grunflow.config.digest import module_digests
from grunflow.config.job import Job
from grunflow.config.jobs import all_jobs
from grunflow.config.reading import read_study
from grunflow.config.typed import read_yaml
from grunflow.manifest import digest_of
from grunflow.reruns import done_folders
from tests.finished import finish, manifest_of, write


@pytest.fixture
def jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Job]:
    """The demo's jobs, all of them done."""
    found = all_jobs(read_study(read_yaml("config/demo.yaml", "config")))
    monkeypatch.chdir(tmp_path)
    finish(found)
    return found


def why(jobs: list[Job]) -> dict[str, tuple[str, ...]]:
    return {item.job.folder: item.reasons for item in reruns.reruns_of(jobs)}


def first(jobs: list[Job], rule: str, word: str = "") -> Job:
    return next(job for job in jobs if job.rule == rule and word in job.folder)


def exchanged(jobs: list[Job], job: Job, **keys: Any) -> list[Job]:
    """The jobs, one of them with other values in its spec."""
    other = replace(job, spec=job.spec.model_copy(update=keys))
    return [other if item is job else item for item in jobs]


def followers(jobs: list[Job], folder: str) -> set[str]:
    """Folders that were made from one, by whatever way."""
    found = {folder}
    for job in jobs:
        if found & {name for names in job.inputs.values() for name in names}:
            found.add(job.folder)
    return found - {folder}


def test_nothing_runs_again_where_nothing_changed(jobs: list[Job]) -> None:
    assert why(jobs) == {}


def test_a_plan_counts_what_would_not_run_again_as_done(jobs: list[Job]) -> None:
    every, changed = {job.folder for job in jobs}, first(jobs, "prepare")
    assert done_folders(jobs) == every
    write(changed, code="another")
    left = done_folders(jobs)
    assert changed.folder not in left
    assert left < every
    manifest_of(first(jobs, "claims")).unlink()
    assert first(jobs, "claims").folder not in done_folders(jobs)


def test_a_key_and_what_follows_from_it(jobs: list[Job]) -> None:
    job = first(jobs, "unlearn", "gd_lora")
    found = why(exchanged(jobs, job, unlearn_seed=99))
    assert found.pop(job.folder) == ("unlearn_seed 0 -> 99",)
    assert set(found) == followers(jobs, job.folder)
    assert all(reason.startswith("follows from ") for reasons in found.values() for reason in reasons)


def test_a_key_of_a_part_in_a_list_is_named(jobs: list[Job]) -> None:
    job = first(jobs, "evaluate", "gd_lora")
    (carrier,) = job.spec.carriers  # type: ignore[attr-defined]
    other = carrier.model_copy(update={"name": carrier.name, "rank": 99})
    assert why(exchanged(jobs, job, carriers=(other,)))[job.folder] == ("carriers.lora.rank 8 -> 99",)


def test_reasons_that_differ_by_a_value_alone_are_one_line(jobs: list[Job]) -> None:
    """Every unlearning run has a seed of its own, so that each has a reason of its own."""
    known = [replace(job, spec=job.spec.model_copy(update={"unlearn_seed": 100 + place})) if job.rule == "unlearn" else job
             for place, job in enumerate(jobs)]  # fmt: skip
    lines = report(reruns.reruns_of(known))
    runs = sum(job.rule == "unlearn" for job in jobs)
    (line,) = lines[lines.index(next(text for text in lines if text.startswith("unlearn:"))) + 1 :][:1]
    assert line.startswith("    unlearn_seed ")
    assert line.endswith(f", and {runs - 1} more like it ({runs} jobs)")
    assert len(lines) < 20


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("unlearn_seed 3 is new", "unlearn_seed 4 is new", True),
        ("carriers.grun_1.rank 1 -> 2", "carriers.grun_2.rank 3 -> 4", True),
        ("results/a/runs/x is missing", "results/a/runs/y is missing", True),
        ("runs.tiny/gd_lora/plain is gone", "runs.tiny/gd_full/plain is gone", True),
        ("carrier.rank 3, objective.name gd is new", "carrier.rank 4, objective.name npo is new", True),
        ("training.steps 3 -> 4", "training.batch_size 3 -> 4", False),
        ("objectives/npo.py changed", "objectives/gd.py changed", False),
        ("follows from evaluate", "follows from evaluate, unlearn", False),
        ("unlearn_seed 3 is new", "unlearn_seed 3 -> 4", False),
    ],
)
def test_kinds_of_reasons(one: str, other: str, alike: bool) -> None:
    assert (kind_of(one) == kind_of(other)) == alike


def test_the_order_of_a_list_counts(jobs: list[Job]) -> None:
    job = first(jobs, "aggregate")
    runs = job.spec.runs  # type: ignore[attr-defined]
    assert why(exchanged(jobs, job, runs=runs[::-1]))[job.folder] == ("the order of a list changed",)
    assert why(exchanged(jobs, job, runs=runs[1:]))[job.folder] == (f"runs.{runs[0].run}/plain is gone",)


def test_what_was_never_made_is_told_by_what_is_new_of_it(jobs: list[Job]) -> None:
    job = first(jobs, "unlearn", "gd_lora")
    shutil.rmtree(job.folder)
    assert why(jobs) == {}, "nobody reads it"
    shutil.rmtree(next(reader for reader in jobs if reader.rule == "report").folder)
    shutil.rmtree(first(jobs, "aggregate").folder)
    shutil.rmtree(first(jobs, "tables").folder)
    assert why(jobs)[job.folder] == (f"{job.folder} is missing",)
    assert why(exchanged(jobs, job, unlearn_seed=99))[job.folder] == ("unlearn_seed 99 is new",)
    for other in jobs:
        if other.rule == "unlearn":
            shutil.rmtree(other.folder, ignore_errors=True)
    assert why(jobs)[job.folder] == ("never ran",)


def test_a_result_whose_origin_is_gone_is_still_held_against_the_study(jobs: list[Job]) -> None:
    """A run's folder was deleted to save room, then a key was edited that only its spec holds."""
    run = first(jobs, "unlearn", "gd_lora")
    score = next(job for job in jobs if run.folder in job.inputs.get("model", ()))
    shutil.rmtree(run.folder)
    found = why(exchanged(jobs, run, max_new_tokens=7))
    assert found[score.folder][0] == f"{run.folder} is gone, and was made otherwise than the study says now"
    assert run.folder in found


def test_a_folder_without_a_manifest_is_made_again(jobs: list[Job]) -> None:
    job = first(jobs, "evaluate", "gd_lora")
    manifest_of(job).unlink()
    assert why(jobs)[job.folder] == (f"{job.folder} holds no manifest that can be read",)
    assert list(reruns.stale(jobs)) == [job.folder]


def test_a_copy_whose_folder_is_gone_is_made_again(jobs: list[Job]) -> None:
    """Snakemake asks for the copy alone, which is there: it would see no edit of the report any more."""
    job = first(jobs, "report")
    shutil.rmtree(job.folder)
    assert why(jobs) == {job.folder: (f"{job.folder} is gone, and nobody knows what made {job.copy}",)}
    assert list(reruns.stale(jobs)) == [job.folder]


def test_edited_modules_are_named(jobs: list[Job]) -> None:
    job = first(jobs, "finetune_target")
    modules = module_digests(job.spec) | {"grunflow.stages.finetune": "other", "mine.py": "other"}
    write(job, code="other", modules=modules)
    assert why(jobs)[job.folder] == ("stages/finetune.py changed", "mine.py is no longer used")


def test_files_are_compared_by_their_bytes_but_methods_by_the_spec(jobs: list[Job], tmp_path: Path) -> None:
    job = first(jobs, "unlearn", "gd_lora")
    for name in ("data.txt", "mine.py"):
        (tmp_path / name).write_text("now = 1")
    write(job, files={"data.txt": "as it was", "mine.py": "as it was", "gone.txt": "as it was"})
    known = [replace(item, methods=("mine.py",)) if item is job else item for item in jobs]
    write(job, code=known[jobs.index(job)].code)
    assert why(known)[job.folder] == ("data.txt changed",)


def test_who_reads_a_discarded_carrier_has_it_trained_again(jobs: list[Job]) -> None:
    run = first(jobs, "unlearn", "gd_lora")
    score = next(job for job in jobs if run.folder in job.inputs.get("model", ()))
    apart = {"model": ("carriers/gone",)}
    known = [
        replace(job, discarded="carriers/gone") if job is run
        else replace(job, inputs={**job.inputs, **apart}) if job is score else job
        for job in jobs
    ]  # fmt: skip
    assert why(known)[score.folder][0] == "reads carriers/gone now"
    write(run, command=["--carrier"])
    write(score, inputs={**json.loads(manifest_of(score).read_text())["inputs"], "model": {"carriers/gone": "1"}})
    assert run.folder not in why(known)
    found = why(exchanged(known, known[jobs.index(score)], engine="plain"))
    assert found[run.folder] == ("its carrier was discarded, and is read again",)


def test_accept_takes_changes_of_code_alone(jobs: list[Job], monkeypatch: pytest.MonkeyPatch) -> None:
    """What is accepted is asked no more; a new key, which `snakemake --touch` would hide, still is."""
    run = first(jobs, "unlearn", "npo_lora")
    monkeypatch.setattr(Job, "code", "edited")
    known = exchanged(jobs, run, unlearn_seed=99)
    before = manifest_of(jobs[-1]).stat().st_mtime_ns
    accepted, left = accept.accept(known)
    assert (set(accepted), left) == ({job.folder for job in jobs} - {run.folder}, [run.folder])
    assert manifest_of(jobs[-1]).stat().st_mtime_ns == before
    assert set(why(known)) == {run.folder, *followers(jobs, run.folder)}
    assert why(known)[run.folder][0] == "unlearn_seed 0 -> 99"
    made = json.loads(manifest_of(jobs[0]).read_text())
    checksum = made.pop("checksum")
    assert (made["code"], checksum) == ("edited", digest_of(made))


def test_stages_whose_rules_declare_files_are_those_that_are_given_names() -> None:
    assert changes.declares_files() == {"tables", "figures"}
