"""Studies of the repository and their jobs, for tests of what these are planned to cost."""

from functools import cache

from grunflow.config.job import Job
from grunflow.config.jobs import all_jobs
from grunflow.config.reading import read_study
from grunflow.config.study import Resolved
from grunflow.config.typed import read_yaml


@cache
def study_of(config: str) -> Resolved:
    return read_study(read_yaml(config, "config"))


KNOWN: dict[int, tuple[Resolved, list[Job]]] = {}  # by a study's id, which holds as long as the study is here


def jobs_of(study: Resolved) -> list[Job]:
    if id(study) not in KNOWN:
        KNOWN[id(study)] = (study, all_jobs(study))
    return KNOWN[id(study)][1]


def job_of(study: Resolved, rule: str, *words: str) -> Job:
    """The first job of a rule whose folder holds all of `words`."""
    return next(job for job in jobs_of(study) if job.rule == rule and all(word in job.folder for word in words))
