"""Metrics -> the tables that the spec names (reporting/tables/listing.py has them all), each as CSV, Markdown and LaTeX.

shown.json holds the reader's form of them all, for the report.
"""

from grunflow.config.shown_specs import Tables
from grunflow.reporting.entries import listed
from grunflow.reporting.forms import Table, shown_json, write
from grunflow.reporting.results import read
from grunflow.reporting.tables.listing import TABLES
from grunflow.work import Work


def run(spec: Tables, work: Work) -> None:
    found = made(spec, work)
    for name, table in found.items():
        write(table, work.out / name, spec.formats)
    (work.out / "shown.json").write_text(shown_json(found))


def made(spec: Tables, work: Work) -> dict[str, Table]:
    """Name -> table."""
    known = listed(TABLES, spec, read(spec, work))
    return {name: entry.make(spec, *results) for name, (entry, results) in ((name, known[name]) for name in spec.names)}
