"""How long a study still takes: the planned seconds of what is left, at the pace of what has finished in this call."""

import logging
from collections.abc import Sequence
from pathlib import Path


class Ahead:
    """configs: files of the study, as Snakemake was given them; its jobs are read when the first one has finished. began: when the
    first could start, seconds since the epoch."""

    def __init__(self, configs: Sequence[str | Path], began: float) -> None:
        self.configs, self.began = configs, began
        self.planned: dict[str, float] | None = None  # folder -> seconds
        self.waiting: set[str] = set()  # without a result
        self.to_come = 0.0  # planned seconds of these
        self.worked = 0.0  # planned seconds of what has finished

    def finished(self, file: str) -> None:
        """A job has finished that wrote `file`, its folder or a file in it."""
        from grunflow.manifest import MANIFEST

        if self.planned is None:
            self.planned = planned(self.configs)
            self.waiting = {place for place in self.planned if not Path(place, MANIFEST).is_file()}
            self.to_come = sum(self.planned[place] for place in self.waiting)
        folder = file if file in self.planned else str(Path(file).parent)
        self.worked += self.planned.get(folder, 0.0)
        if folder in self.waiting:
            self.waiting.remove(folder)
            self.to_come -= self.planned[folder]

    def left(self, done: int, total: int, now: float) -> str:
        """The time until the last job, in words; nothing where there is none left."""
        if done >= total:
            return ""
        if not self.worked or not self.waiting:
            return in_words((now - self.began) * (total - done) / done)
        # Those that run again although they have a result are taken for jobs as the others.
        return in_words((now - self.began) * self.to_come / self.worked * (total - done) / len(self.waiting))


def planned(configs: Sequence[str | Path]) -> dict[str, float]:
    """Folder of each of the study's jobs -> seconds; nothing of a study of several files or none, or of one that cannot be read now:
    then jobs are counted."""
    from grunflow.config.jobs import all_jobs
    from grunflow.config.reading import read_study
    from grunflow.config.typed import read_yaml
    from grunflow.costs.stages import cost

    if len(configs) != 1:
        return {}
    reading = logging.getLogger("grunflow.config.reading")  # Snakemake has passed on what it warns of
    level = reading.level
    reading.setLevel(logging.ERROR)
    try:
        study = read_study(read_yaml(str(configs[0]), "--configfile"))
        return {job.folder: cost(study, job.spec).seconds for job in all_jobs(study)}
    except Exception:  # edited meanwhile, or completed by --config: the time left is no reason to fail
        return {}
    finally:
        reading.setLevel(level)


def in_words(seconds: float) -> str:
    """E.g. `about 40 s`, `about 9 min`, `about 2 h 5 min`."""
    if seconds < 90:
        return f"about {max(1, round(seconds / 10)) * 10} s"
    hours, rest = divmod(round(seconds / 60), 60)
    return f"about {hours} h {rest} min" if hours else f"about {rest} min"
