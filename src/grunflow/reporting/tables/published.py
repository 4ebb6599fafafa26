"""Tables published and published_logs: numbers of others beside ours."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from grunflow.benchmarks.tofu.logs import score_log
from grunflow.config.shown_specs import PublishedLog
from grunflow.reporting import ledger
from grunflow.reporting.forms import Table
from grunflow.reporting.results import Results


def published_table(sheets: Sequence[str], results: Sequence[Results], unjudged: str = "") -> Table:
    """The ledger of the sheets' cells. unjudged: see ledger.table."""
    return ledger.table(ledger.read_cells(sheets, results), ledger.values(results), unjudged)


def logs_table(logs: Sequence[PublishedLog]) -> Table:
    """Every metric of the logs, a row each."""
    found = pd.DataFrame(
        {"name": item.name, **score_log(Path(item.log), Path(item.retain_log) if item.retain_log else None)}
        for item in logs
    )
    caption = "Evaluation logs that others published, by the same formulas; models and data are theirs."
    return Table(found, found.round(4), caption)
