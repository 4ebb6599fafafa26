"""Verdicts, tables, figures, example answers and what made them -> report.html."""

import json
from collections import Counter

from grunflow.config.shown_specs import Report
from grunflow.reporting import answers, first_screen, lineage, page, stage_graph
from grunflow.reporting.forms import read_tables
from grunflow.reporting.headings import words_of
from grunflow.reporting.methods import methods
from grunflow.reporting.results import notes, read
from grunflow.reporting.strongest import strongest
from grunflow.work import Work


def run(spec: Report, work: Work) -> None:
    results, inputs = read(spec, work), work.inputs
    verdicts = json.loads((inputs["claims"][0] / "claims.json").read_text()) if "claims" in inputs else []
    folders = [folder for named in inputs.values() for folder in named]
    jobs = lineage.jobs(folders)
    read_here: Counter[tuple[str, str]] = Counter((jobs[str(folder)].stage, spec.name) for folder in folders)
    tables = json.loads((inputs["tables"][0] / "shown.json").read_text())
    titles = {item.name: item.title for item in results}
    cards = answers.cards(results)
    html = page.render(
        title=spec.title,
        note=notes(results),
        answer=first_screen.answer(verdicts, spec.study) if verdicts else None,
        strongest=strongest(read_tables(inputs["tables"][0])),
        methods=methods(results),
        own=page.claim_groups([row for row in verdicts if row["about"] == spec.study]),
        paper=page.claim_groups([row for row in verdicts if row["about"] != spec.study]),
        tables={name: page.readable(table) | {"title": words_of(name, titles)} for name, table in tables.items()},
        figures=page.pictures(inputs["figures"][0], titles),
        examples=cards,
        filters=answers.filters(cards),
        cost=page.readable(page.as_table(lineage.spent(jobs))),
        origins=lineage.origins(jobs),
        graph=stage_graph.svg(
            lineage.edges(jobs) + read_here, Counter([spec.name, *(job.stage for job in jobs.values())])
        ),
    )
    (work.out / "report.html").write_text(html)
