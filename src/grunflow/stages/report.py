"""Verdicts, tables, figures, example answers and what made them -> report.html."""

import json
from collections import Counter

from grunflow.config.specs import Report
from grunflow.reporting import answers, lineage, page, stage_graph
from grunflow.reporting.results import notes, read
from grunflow.work import Work


def run(spec: Report, work: Work) -> None:
    results, inputs = read(spec, work), work.inputs
    verdicts = json.loads((inputs["claims"][0] / "claims.json").read_text()) if "claims" in inputs else []
    folders = [folder for named in inputs.values() for folder in named]
    jobs = lineage.jobs(folders)
    read_here: Counter[tuple[str, str]] = Counter((jobs[str(folder)].stage, spec.name) for folder in folders)
    cards = answers.cards(results)
    html = page.render(
        title=spec.title,
        note=notes(results),
        summary=page.summary(verdicts),
        own=page.claim_groups(verdicts, about_paper=False),
        paper=page.claim_groups(verdicts, about_paper=True),
        tables=json.loads((inputs["tables"][0] / "shown.json").read_text()),
        figures=page.pictures(inputs["figures"][0]),
        examples=cards,
        filters=answers.filters(cards),
        cost=page.as_table(lineage.spent(jobs)),
        origins=lineage.origins(jobs),
        graph=stage_graph.svg(
            lineage.edges(jobs) + read_here, Counter([spec.name, *(job.stage for job in jobs.values())])
        ),
    )
    (work.out / "report.html").write_text(html)
