"""Verdicts, tables, figures, example answers and what made them -> report.html."""

import json
from collections import Counter
from pathlib import Path

import pandas as pd

from grunflow.config.specs import Report
from grunflow.reporting import lineage, page, stage_graph
from grunflow.reporting.answers import cards
from grunflow.reporting.tofu import model_note


def run(spec: Report, inputs: dict[str, list[Path]], out: Path, batch_size: int) -> None:
    tables = json.loads((inputs["tables"][0] / "shown.json").read_text())
    metrics = pd.read_parquet(inputs["metrics"][0] / "metrics.parquet")
    examples = pd.read_parquet(inputs["metrics"][0] / "examples.parquet")
    verdicts = json.loads((inputs["claims"][0] / "claims.json").read_text()) if "claims" in inputs else []
    folders = [folder for named in inputs.values() for folder in named]
    jobs = lineage.jobs(folders)
    read_here: Counter[tuple[str, str]] = Counter((jobs[str(folder)].stage, spec.stage) for folder in folders)
    html = page.render(
        title=spec.title,
        note=" ".join(
            filter(None, (model_note(metrics, spec.origin), spec.wmdp_origin and f"WMDP part: {spec.wmdp_origin}."))
        ),
        summary=page.summary(verdicts),
        own=page.claim_groups(verdicts, about_paper=False),
        paper=page.claim_groups(verdicts, about_paper=True),
        tables=tables,
        figures=page.pictures(inputs["figures"][0]),
        examples=cards(examples),
        example_sets=list(dict.fromkeys(examples["set"])),
        example_objectives=list(dict.fromkeys(examples.loc[examples["carrier"] != "", "objective"])),
        example_carriers=[name for name in dict.fromkeys(examples["carrier"]) if name],
        cost=page.as_table(lineage.spent(jobs)),
        origins=lineage.origins(jobs),
        graph=stage_graph.svg(
            lineage.edges(jobs) + read_here, Counter([spec.stage, *(job.stage for job in jobs.values())])
        ),
    )
    (out / "report.html").write_text(html)
