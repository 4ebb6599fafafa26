"""Every LaTeX table compiles, alone and inside another document."""

import subprocess
from pathlib import Path

import pytest
from tests.tools import program

from grunflow.config.shown_specs import Tables
from grunflow.stages import tables

NAMES = (
    "efficiency",
    "equal_forgetting",
    "published",
    "tofu_differences",
    "tofu_main",
    "wmdp_differences",
    "wmdp_main",
)
PUBLISHED = ("config/published/grun.csv", "config/published/open_unlearning.csv", "config/published/wmdp.csv")


def compiled(engine: str, file: Path) -> None:
    done = subprocess.run(
        [engine, "-interaction=nonstopmode", "-halt-on-error", file.name], cwd=file.parent, capture_output=True, text=True,
        errors="replace", check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:]
    assert "Missing character" not in done.stdout
    assert file.with_suffix(".pdf").stat().st_size > 5000


@pytest.mark.slow
def test_every_table_compiles_alone_and_in_a_paper(demo, tmp_path: Path) -> None:
    engine = program("pdflatex")
    tables.run(Tables(**demo.shown, names=NAMES, published=PUBLISHED), demo.work(tmp_path))
    files = sorted(tmp_path.glob("*.tex"))
    assert tuple(file.stem for file in files) == NAMES
    for file in files:
        compiled(engine, file)
    paper = tmp_path / "paper.tex"
    body = "\n".join(rf"\input{{{file.name}}}" for file in files)
    paper.write_text(
        rf"\documentclass[twocolumn]{{article}}\usepackage{{booktabs,graphicx}}\begin{{document}}x{body}\end{{document}}"
    )
    compiled(engine, paper)
