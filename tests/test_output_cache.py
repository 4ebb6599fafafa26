"""What a study would find in the shared cache; tests/workflow/test_cache.py holds it against Snakemake's own."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from grunflow.config.job import Job
from grunflow.config.jobs import all_jobs
from grunflow.config.reading import read_study
from grunflow.config.study import Resolved
from grunflow.config.typed import read_yaml
from grunflow.errors import BadInput
from grunflow.manifest import identities_of, output_folder
from grunflow.output_cache import VARIABLE, cached_folders, check_place, check_room


@pytest.fixture
def jobs() -> list[Job]:
    """The data of the demo, its base and its first target model: each reads the one before."""
    found = all_jobs(read_study(read_yaml("config/demo.yaml", "config")))
    rules = ("prepare", "finetune_base", "finetune_target")
    return [next(job for job in found if job.rule == rule) for rule in rules]


def make(job: Job, out: Path, text: str = "made") -> None:
    """A finished folder of the job, in place of what its stage would have written."""
    inputs = identities_of({name: [Path(folder) for folder in folders] for name, folders in job.inputs.items()})
    spec, code = job.spec.model_dump(mode="json"), job.code
    files = [Path(file) for file in (*job.files, *job.methods)]
    with output_folder(out, spec=spec, code=code, inputs=inputs, files=files) as (draft, _):
        (draft / "result").write_text(text)


@pytest.fixture
def cache(jobs: list[Job], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """All of them in the cache, under names that say nothing, and none in the study's folder."""
    monkeypatch.chdir(tmp_path)
    for job in jobs:
        make(job, Path(job.folder))
    place = tmp_path / "cache"
    place.mkdir()
    for number, job in enumerate(jobs):
        Path(job.folder).rename(place / str(number))
    monkeypatch.setenv(VARIABLE, str(place))
    return place


def test_a_chain_of_entries_is_found_from_its_beginning(jobs: list[Job], cache: Path) -> None:
    assert cached_folders(jobs, set()) == {job.folder for job in jobs}


def test_what_follows_from_a_missing_entry_is_not_found(jobs: list[Job], cache: Path) -> None:
    (cache / "1" / "manifest.json").unlink()
    assert cached_folders(jobs, set()) == {jobs[0].folder}


def test_what_was_made_from_other_inputs_is_not_found(jobs: list[Job], cache: Path) -> None:
    make(jobs[0], Path(jobs[0].folder), "made otherwise")
    assert cached_folders(jobs, {jobs[0].folder}) == set()
    make(jobs[0], Path(jobs[0].folder))
    assert cached_folders(jobs, {jobs[0].folder}) == {job.folder for job in jobs[1:]}


def test_another_spec_or_code_is_not_found(jobs: list[Job], cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = replace(jobs[0], spec=jobs[0].spec.model_copy(update={"vocabulary": 1000}))
    assert cached_folders([other, *jobs[1:]], set()) == set()
    monkeypatch.setattr(Job, "code", "another")
    assert cached_folders(jobs, set()) == set()


def test_without_a_cache_nothing_is_found(jobs: list[Job], cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(cache / "nowhere"))
    assert cached_folders(jobs, set()) == set()
    monkeypatch.delenv(VARIABLE)
    assert cached_folders(jobs, set()) == set()


def test_what_is_no_manifest_of_ours_is_passed_over(jobs: list[Job], cache: Path) -> None:
    known = json.loads((cache / "0" / "manifest.json").read_text())
    foreign = json.dumps(known | {"files": []})
    for name, text in (("a", "{"), ("b", '{"spec": 1}'), ("c", "[]"), ("d", foreign)):
        (cache / name).mkdir()
        (cache / name / "manifest.json").write_text(text)
    (cache / "file").write_text("")
    assert cached_folders(jobs, set()) == {job.folder for job in jobs}


def test_what_is_discarded_is_in_no_cache(jobs: list[Job], cache: Path) -> None:
    """`keep` is in no spec: an entry may stem from a study that kept everything, but rules that discard restore nothing."""
    discards = replace(jobs[2], discarded="results/demo/tofu/carriers/tiny")
    assert cached_folders([*jobs[:2], discards], set()) == {job.folder for job in jobs[:2]}


def test_a_comment_in_a_method_of_the_users_own_changes_nothing(jobs: list[Job], cache: Path) -> None:
    mine = Path("mine.py")
    mine.write_text("now = 1\n")
    job = replace(jobs[0], methods=("mine.py",))
    make(job, cache / "mine")
    mine.write_text("now = 1  # why\n")
    (cache / "0" / "manifest.json").unlink()
    assert cached_folders([job], set()) == {job.folder}


@pytest.fixture
def study() -> Resolved:
    return read_study(read_yaml("config/demo.yaml", "config"))


RULES = ("prepare", "finetune_base", "finetune_target")


def test_a_cache_with_room_is_taken(study: Resolved, jobs: list[Job], cache: Path) -> None:
    check_room(study, jobs, RULES)
    assert check_place() == cache


def test_without_room_for_what_is_left_the_cache_is_refused(
    study: Resolved, jobs: list[Job], cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is in the cache needs no room, and neither does what never goes there."""
    monkeypatch.setattr(shutil, "disk_usage", lambda place: SimpleNamespace(free=2**10))
    check_room(study, jobs, RULES)
    (cache / "2" / "manifest.json").unlink()
    check_room(study, jobs, RULES[:2])
    with pytest.raises(
        BadInput, match=r"has 0\.0 GiB free, and what is still to be made takes 0\.\d GiB by `grunflow plan`"
    ):
        check_room(study, jobs, RULES)


def test_a_cache_that_is_no_folder_or_takes_no_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "absent"))
    with pytest.raises(BadInput, match=r"SNAKEMAKE_OUTPUT_CACHE: .*absent is no folder; make it"):
        check_place()
    monkeypatch.setenv(VARIABLE, "/proc/self")  # even root may make no file there
    with pytest.raises(BadInput, match=r"nothing can be written to /proc/self \(.*\); mend that"):
        check_place()
    monkeypatch.setenv(VARIABLE, "s3://bucket/cache")
    assert check_place() is None
