"""What Snakemake says of a study, `--logger grunflow`: a line per finished job with how many are done and the time left, errors whole.

A dry run, and whatever is a warning or an error, is told in Snakemake's own words; the log file below .snakemake/log has everything.
"""

import sys
from logging import WARNING, LogRecord
from typing import Any, NamedTuple

from snakemake_interface_logger_plugins.base import LogHandlerBase

from snakemake_logger_plugin_grunflow.ahead import Ahead

# Of what comes without an event: what the line of a finished job says, or its manifest.
CHATTER = ("Building DAG of jobs", "Select jobs to execute", "Using shell:", "Conda environments: ignored", "Elapsed time:",
           "Singularity containers: ignored", "Removing temporary output", "Activating conda environment")  # fmt: skip
ASKED_FOR = ("shellcmd", "debug_dag")  # events that a flag lets through


class Started(NamedTuple):
    """at: seconds since the epoch."""

    rule: str
    file: str
    at: float


class LogHandler(LogHandlerBase):
    """The plugin: Snakemake calls `emit` with every record, from one thread. Times are the records' own: it may be late."""

    def __post_init__(self) -> None:
        self.stream = sys.stdout if self.common_settings.stdout else sys.stderr
        self.started: dict[int, Started] = {}
        self.finished: list[int] = []
        self.configs: list[Any] = []
        self.named = 0  # jobs that only name what is wanted: counted by Snakemake, and by nobody else
        self.ahead: Ahead | None = None

    def emit(self, record: LogRecord) -> None:
        """As logging.Handler.emit: a fault in here is reported, and ends no study."""
        try:
            for line in self.lines(record):
                print(line, file=self.stream, flush=True)
        except Exception:
            self.handleError(record)

    def lines(self, record: LogRecord) -> list[str]:
        """What is printed of a record."""
        event, told = str(getattr(record, "event", "")), vars(record)
        if self.common_settings.dryrun or record.levelno >= WARNING or event in ASKED_FOR:
            return [self.format(record)]
        if event == "workflow_started":
            self.configs = list(told["configfiles"])
        elif event == "run_info":
            self.named = told["stats"].get("all", 0)
            self.ahead = Ahead(self.configs, record.created)
            return [text] if (text := counted(told["stats"])) else []
        elif event == "job_info":
            output = told["output"]
            self.started[told["jobid"]] = Started(told["rule_name"], output[0] if output else "", record.created)
        elif event == "job_finished":
            self.finished.append(told["job_id"])
        elif event == "progress":
            return self._done(told["done"], told["total"] - self.named, record.created)
        elif not event and not record.getMessage().startswith(CHATTER):
            return [text] if (text := self.format(record)) else []
        return []

    def _done(self, done: int, total: int, now: float) -> list[str]:
        """A line for each job that has finished since the last count."""
        ended, self.finished = self.finished, []
        found = []
        for number, job in enumerate(ended, start=done - len(ended) + 1):
            if number > total:  # `all`
                break
            known = self.started.pop(job, None)
            if self.ahead and known:
                self.ahead.finished(known.file)
            left = self.ahead.left(number, total, now) if self.ahead and number == done else ""
            found.append(finished_line(number, total, known, now, left))
        return found

    @property
    def writes_to_stream(self) -> bool:
        return True

    @property
    def writes_to_file(self) -> bool:
        return False

    @property
    def has_filter(self) -> bool:
        return False

    @property
    def has_formatter(self) -> bool:
        return False

    @property
    def needs_rulegraph(self) -> bool:
        return False


def counted(stats: dict[str, Any]) -> str:
    """E.g. `149 jobs: 94 evaluate, 36 unlearn, ...`, the most first, without the rule that only names what is wanted."""
    own = {rule: count for rule, count in stats.items() if rule not in ("total", "all")}
    most = sorted(own.items(), key=lambda item: -item[1])
    return f"{sum(own.values())} jobs: {', '.join(f'{count} {rule}' for rule, count in most)}" if own else ""


def finished_line(number: int, total: int, known: Started | None, now: float, left: str) -> str:
    """E.g. ` 12 of 149  unlearn      tofu/runs/tiny/forget10/gd_full_t0_u0  11 s, about 9 min left`. known: what is known of the job,
    nothing where Snakemake was told to be quiet about its start."""
    parts = [f"{number:{len(str(total))}} of {total}"]
    if known:
        place = known.file.split("/", 2)[2] if known.file.startswith("results/") else known.file
        parts += [f"{known.rule:12} {place}", f"{now - known.at:.0f} s"]
    return "  ".join(parts) + (f", {left} left" if left else "")
