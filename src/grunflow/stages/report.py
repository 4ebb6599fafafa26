"""Tables and figures -> report.html."""

from pathlib import Path

import pandas as pd

from grunflow.config.specs import Report
from grunflow.reporting.page import render


def run(spec: Report, inputs: dict[str, list[Path]], out: Path, batch_size: int) -> None:
    main, cost = (
        pd.read_csv(inputs["tables"][0] / f"{name}.csv", keep_default_na=True).fillna({"carrier": "", "variant": ""})
        for name in ("tofu_main", "efficiency")
    )
    figures = sorted(inputs["figures"][0].glob("*.png"))
    answered = inputs["tables"][0] / "wmdp_main.csv"
    parts = (pd.read_csv(answered).fillna({"carrier": ""}), spec.wmdp_origin) if answered.is_file() else None
    (out / "report.html").write_text(render(spec.title, spec.origin, main, cost, figures, parts))
