"""Which job of a study reads what which other wrote."""

from collections.abc import Iterable
from pathlib import Path

from grunflow.config.job import Job


class Links:
    """Who reads what whom wrote."""

    def __init__(self, jobs: list[Job]) -> None:
        self.jobs = {job.folder: job for job in jobs}
        self.makers = self.jobs | {job.discarded: job for job in jobs if job.discarded}
        self.readers: dict[str, list[Job]] = {}
        for job in jobs:
            for maker in self.made_before(job):
                self.readers.setdefault(maker.folder, []).append(job)

    def made_before(self, job: Job) -> list[Job]:
        places = dict.fromkeys(place for places in job.inputs.values() for place in places)
        return [self.makers[place] for place in places if place in self.makers]

    def spread(self, started: Iterable[str]) -> set[str]:
        """Folders of the jobs that run where these are started: readers of what is made again, makers of what is read and is
        not there."""
        running = {folder for folder in started if folder in self.jobs}
        waiting = list(running)
        while waiting:
            job = self.jobs[waiting.pop()]
            absent = [place for places in job.inputs.values() for place in places if not Path(place).exists()]
            for other in (*self.readers.get(job.folder, ()), *(self.makers[p] for p in absent if p in self.makers)):
                if other.folder not in running:
                    running.add(other.folder)
                    waiting.append(other.folder)
        return running
