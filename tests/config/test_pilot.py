"""Studies that are parts of others: what they train and score is taken by those as it is."""

from pathlib import Path

import yaml

from grunflow.config.job import Job
from grunflow.config.jobs import by_folder
from grunflow.config.reading import read_study
from grunflow.config.shown_specs import Aggregate, Claims, Shown
from grunflow.manifest import digest_of

CONFIG = Path(__file__).parents[2] / "config"
SHOWING = (Aggregate, Shown, Claims)  # over all runs of a study: those of a part are others


def jobs_of(name: str) -> dict[str, Job]:
    return by_folder(read_study(yaml.safe_load((CONFIG / f"{name}.yaml").read_text())))


def identity(job: Job) -> str:
    """All that a result follows from, but the code, which is a function of the spec."""
    return digest_of([job.folder, job.rule, job.spec.model_dump(mode="json"), job.inputs, job.files, job.methods])


def test_its_jobs_are_those_of_the_papers_study() -> None:
    pilot, paper = jobs_of("pilot"), jobs_of("paper")
    made = [job for job in pilot.values() if not isinstance(job.spec, SHOWING)]
    assert {identity(job) for job in made} <= {identity(job) for job in paper.values()}
    assert [job.folder.rpartition("/")[2] for job in made if job.rule == "unlearn"] == [
        "gd_full_t42_u42",
        "gd_grun_linear_t42_u42",
    ]
    assert len(pilot) < len(paper) / 10


def test_what_is_attacked_on_a_laptop_is_what_the_laptop_study_trains() -> None:
    attacked, laptop = jobs_of("laptop_robustness"), jobs_of("laptop")
    rules = {"prepare", "finetune_target", "finetune_retain", "unlearn"}
    made = {job.folder: job for job in attacked.values() if job.rule in rules and "_of2-" not in job.folder}
    known = {job.folder: job for job in laptop.values()}
    assert sum(job.stage == "unlearn" for job in made.values()) == 6
    for folder, job in made.items():
        assert job.spec == known[folder.replace("laptop_robustness", "laptop")].spec, folder
