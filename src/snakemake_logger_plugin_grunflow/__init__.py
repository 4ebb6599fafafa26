"""What Snakemake says of a study, `--logger grunflow`: a line per finished job with how many are done and the time left, errors whole.

A dry run, and whatever is a warning or an error, is told in Snakemake's own words; the log file below .snakemake/log has everything.
"""

import sys
import time
from logging import WARNING, LogRecord
from typing import Any, NamedTuple

from snakemake_interface_logger_plugins.base import LogHandlerBase

from snakemake_logger_plugin_grunflow.ahead import Ahead

# Of what comes without an event, or says in many words what the line of a finished job says.
CHATTER = ("Building DAG of jobs", "Select jobs to execute", "Execute ", "Using shell:", "Conda environments: ignored",
           "Singularity containers: ignored", "Elapsed time:")  # fmt: skip
TOLD = {"", "error", "job_error", "group_error"}  # events in Snakemake's own words


class Started(NamedTuple):
    rule: str
    folder: str
    at: float


class LogHandler(LogHandlerBase):
    """The plugin: Snakemake calls `emit` with every record, from one thread."""

    def __post_init__(self) -> None:
        self.stream = sys.stdout if self.common_settings.stdout else sys.stderr
        self.started: dict[int, Started] = {}
        self.finished: list[int] = []
        self.configs: list[Any] = []
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
        if self.common_settings.dryrun or record.levelno >= WARNING:
            return [self.format(record)]
        if event == "workflow_started":
            self.configs = list(told["configfiles"])
        elif event == "run_info":
            self.ahead = Ahead(self.configs)
            return [text] if (text := counted(told["stats"])) else []
        elif event == "job_info":
            output = told["output"]
            self.started[told["jobid"]] = Started(told["rule_name"], output[0] if output else "", time.monotonic())
        elif event == "job_finished":
            self.finished.append(told["job_id"])
        elif event == "progress":
            return self._done(told["done"], told["total"])
        elif event in TOLD and not record.getMessage().startswith(CHATTER):
            return [text] if (text := self.format(record)) else []
        return []

    def _done(self, done: int, total: int) -> list[str]:
        """A line for each job that has finished since the last count."""
        found, now = [], time.monotonic()
        first = done - len(self.finished) + 1
        for number, job in enumerate(self.finished, start=first):
            rule, folder, at = self.started.pop(job, Started("", "", now))
            left = self.ahead.left(folder, done, total, now) if self.ahead and number == done else ""
            found.append(finished_line(number, total, rule, folder, now - at, left))
        self.finished.clear()
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
    """E.g. `126 jobs: 70 evaluate, 36 unlearn, ...`, the most first; rules that only name what is wanted have no job of their own."""
    own = {rule: count for rule, count in stats.items() if rule not in ("total", "all")}
    most = sorted(own.items(), key=lambda item: -item[1])
    if not own:
        return ""
    return f"{stats['total']} jobs: {', '.join(f'{count} {rule}' for rule, count in most)}"


def finished_line(number: int, total: int, rule: str, folder: str, seconds: float, left: str) -> str:
    """E.g. ` 12 of 126  unlearn  tofu/runs/tiny/forget10/gd_full_t0_u0  11 s, about 9 min left`."""
    place = folder.split("/", 2)[2] if folder.startswith("results/") else folder
    width = len(str(total))
    return f"{number:{width}} of {total}  {rule:12} {place}  {seconds:.0f} s{f', {left} left' if left else ''}"
