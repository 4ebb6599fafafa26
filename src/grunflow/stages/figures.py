"""Metrics -> the figures that the spec names (reporting/figures/listing.py has them all), each as PDF and PNG.

shown.json says of each, in order, what a reader should know, for the report.
"""

import json

from grunflow.config.shown_specs import Figures
from grunflow.reporting.entries import listed
from grunflow.reporting.figures.listing import FIGURES
from grunflow.reporting.results import read
from grunflow.reporting.style import Looks
from grunflow.work import Work


def run(spec: Figures, work: Work) -> None:
    every = read(spec, work)
    known = listed(FIGURES, spec, every)
    looks = Looks.of(
        (pair for results in every for pair in results.every[["objective", "carrier"]].itertuples(index=False)),
        spec.captions,
    )
    for name in spec.names:
        entry, (results,) = known[name]
        entry.make(spec, results, looks, work.out / name)
    said = {name: known[name][0].said for name in spec.names}
    (work.out / "shown.json").write_text(json.dumps(said, indent=1))
