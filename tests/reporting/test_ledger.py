"""The ledger: every verdict, from made-up replicates; and the shipped sheets."""

from pathlib import Path

import numpy as np
import pytest
import yaml
from tests.reporting import made_up
from tests.shared import SHARED, needs_shared

from grunflow.benchmarks.base import declared
from grunflow.config.jobs import all_jobs
from grunflow.config.published import COLUMNS, names_of, read_sheets
from grunflow.config.reading import read_study
from grunflow.errors import BadInput
from grunflow.reporting import ledger

OURS = np.array([0.60, 0.62, 0.61])  # mean 0.61, s 0.01; t(2) s sqrt(4/3) = 0.0497
HEADER = ",".join(COLUMNS)
NAMES = names_of(declared(spec) for spec in (made_up.TOFU, made_up.WMDP))


@pytest.mark.parametrize(
    ("printed", "unit", "ours", "verdict"),
    [
        ("0.61", "fraction", OURS, "reproduced"),
        ("0.6", "fraction", OURS, "reproduced"),  # one digit was printed
        ("61.3", "percent", OURS, "within noise"),
        ("0.65", "fraction", OURS, "within noise"),
        ("0.70", "fraction", OURS, "not"),  # a wrong cell
        ("6.1", "percent", OURS, "not"),  # a wrong unit
        ("1e-5", "p-value", np.array([1e-4, 1e-5, 1e-6]), "reproduced"),
        ("1e-7", "p-value", np.array([1e-4, 1e-5, 1e-6]), "too noisy to tell"),  # tolerance 4.97 decades
        ("0.31", "p-value", np.array([0.30, 0.38, 0.36]), "within noise"),
        ("0.69", "fraction", OURS + np.array([-0.04, 0, 0.04]), "too noisy to tell"),
        ("1e-5", "p-value", np.array([6e-6]), "reproduced"),  # rounded up
        ("1e-5", "p-value", np.array([1.4e-5]), "reproduced"),  # rounded down
        ("1e-5", "p-value", np.array([4e-6]), ""),
        ("0.00e+00", "p-value", np.zeros(3), "reproduced"),
        ("0.00e+00", "p-value", np.array([4e-3, 3e-3, 2e-3]), "not"),  # 4e-03 would have been printed
        ("0.00", "p-value", np.array([4e-3, 3e-3, 2e-3]), "reproduced"),
        ("0.00e+00", "fraction", np.array([0.004, 0.003, 0.0035]), "not"),
        ("0", "fraction", np.array([0.3, 0.31, 0.32]), "not"),  # not "less than a half"
        ("0", "fraction", np.array([0.004, 0.003, 0.0035]), "reproduced"),
        ("1e-30", "p-value", np.array([1e-4, 1e-5, 1e-6]), "not"),
        ("0.61", "fraction", OURS[2:], "reproduced"),
        ("0.65", "fraction", OURS[:1], ""),  # one replicate: noise unknown
        ("", "fraction", OURS, ""),
        ("0.61", "fraction", None, ""),
    ],
)
def test_every_verdict_is_reached(printed: str, unit: str, ours, verdict: str) -> None:
    row = ledger.compared(printed, unit, ours)
    assert row["verdict"] == verdict
    assert bool(row["reason"]) == (verdict == "")


def test_tolerance_is_what_another_replicate_would_differ_by() -> None:
    # t(0.975, 2) = 4.30265
    assert ledger.compared("0.65", "fraction", OURS)["tolerance"] == pytest.approx(
        4.30265 * 0.01 * np.sqrt(4 / 3), rel=1e-5
    )


def test_cells_meet_ours_by_model_split_method_and_metric(demo, tmp_path) -> None:
    """Where a benchmark has no splits its name stands in a cell's place of one."""
    sheet = tmp_path / "sheet.csv"
    sheet.write_text(
        f"{HEADER}\n"
        "tiny,forget10,gd,grun,model_utility,0.85,fraction,harmonic mean,A,T1,p. 3,first hand\n"
        "tiny,forget10,gd,grun,nonsense,0.85,fraction,-,A,T1,p. 3,first hand\n"
        "tiny-wmdp,wmdp,rmu,grun,forget_domain_accuracy,24,percent,accuracy,A,T2,p. 4,first hand\n"
        "big,forget10,gd,grun,model_utility,0.5,fraction,harmonic mean,A,T1,p. 3,first hand\n"
    )
    table = ledger.table(ledger.read_cells([str(sheet)], demo.results), ledger.values(demo.results))
    assert table.tidy["verdict"].tolist()[2] == "reproduced"
    assert table.tidy["verdict"].tolist()[0] in ("reproduced", "within noise")
    assert table.tidy["reason"].tolist()[1::2] == ["no such cell here", "no such model in this study"]
    assert len(table.shown) == 2
    assert "4 published cells, 4 with a number, 2 about a cell of this study" in table.caption


def test_a_carrier_is_met_by_its_kind_where_it_is_the_only_one(tmp_path) -> None:
    kinds = {"linear": "grun", "mlp": "grun", "whole": "full"}
    frames = made_up.questions(carriers=tuple(kinds), kinds=kinds)
    ours = ledger.values(made_up.Study(tmp_path, [(made_up.TOFU, frames)]).results)
    of_whole = ours["tiny", "forget10", "gd", "whole", "model_utility"]
    assert (ours["tiny", "forget10", "gd", "full", "model_utility"] == of_whole).all()
    assert ("tiny", "forget10", "gd", "grun", "model_utility") not in ours


def test_no_cell_of_the_shipped_sheets_is_lost(demo) -> None:
    sheets = [f"config/published/{name}.csv" for name in ("grun", "ren2025_su", "open_unlearning", "wmdp")]
    lines = sum(len(Path(sheet).read_text().splitlines()) - 1 for sheet in sheets)
    assert len(ledger.table(ledger.read_cells(sheets, demo.results), ledger.values(demo.results)).tidy) == lines


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("m,s,o,c,x,abc,fraction,d,s,t,p,first hand", "line 2, value: got 'abc', expected a number as printed"),
        *(
            (
                f"m,s,o,c,forget_rougeL,{value},fraction,d,s,t,p,first hand",
                f"line 2, value: got {value!r}, expected a number",
            )
            for value in ("NaN", "nan", "Infinity", "-inf", "0_61", "٠.٦", " 0.61", "0x1", "61%", "1e", "--")
        ),
        ("m,s,o,c,forget_rougeL,61.0,fraction,d,s,t,p,first hand", "value: got 61.0 as a fraction, expected 0 to 1"),
        ("m,s,o,c,forget_rougeL,-0.1,fraction,d,s,t,p,first hand", "value: got -0.1 as a fraction, expected 0 to 1"),
        ("m,s,o,c,forget_rougeL,610,percent,d,s,t,p,first hand", "value: got 610 as a percent, expected 0 to 100"),
        (
            "m,s,o,c,forget_domain_change,-1.1,fraction,d,s,t,p,first hand",
            "value: got -1.1 as a fraction, expected -1 to 1",
        ),
        ("m,s,o,c,forget_quality,-3,p-value,d,s,t,p,first hand", "value: got -3 as a p-value, expected 0 to 1"),
        ("m,s,o,c,forget_quality,1.2,p-value,d,s,t,p,first hand", "value: got 1.2 as a p-value, expected 0 to 1"),
        *(
            (
                f"m,s,o,c,{metric},0.6,fraction,d,s,t,p,first hand",
                f"metric: Unknown metric {metric!r}. Did you mean {meant!r}",
            )
            for metric, meant in (
                ("forget_rouge_l", "forget_rougeL"),
                ("forgt_rougeL", "forget_rougeL"),
                ("real_author_probability", "real_authors_probability"),
                ("model_utilty", "model_utility"),
                ("forget_rouge_l.mine", "forget_rougeL"),
            )
        ),
        ("m,s,o,c,,0.6,fraction,d,s,t,p,first hand", "metric: Unknown metric ''"),
        ('m,s,o,c,x,"1,percent,d,s,t,p,first hand', "no CSV"),
        ("m,s,o,c,x,1,percents,d,s,t,p,first hand", "line 2, unit: Unknown unit 'percents'. Did you mean 'percent'"),
        ("m,s,o,c,x,1,percent,d,s,t,p,hearsay", "line 2, read: Unknown read 'hearsay'"),
        ("m,s,o,c,x,1,percent,d", "line 2: not as many cells as columns"),
    ],
)
def test_a_bad_cell_is_refused_with_file_line_and_column(tmp_path, line: str, message: str) -> None:
    sheet = tmp_path / "sheet.csv"
    sheet.write_text(f"{HEADER}\n{line}\n")
    with pytest.raises(BadInput) as caught:
        read_sheets([str(sheet)], NAMES)
    assert str(sheet) in str(caught.value)
    assert message in str(caught.value)


def test_a_missing_sheet_or_column_is_refused(tmp_path) -> None:
    with pytest.raises(BadInput, match="no file"):
        read_sheets([str(tmp_path / "none.csv")], NAMES)
    (tmp_path / "sheet.csv").write_text("model,value\n")
    with pytest.raises(BadInput, match="line 1: got columns"):
        read_sheets([str(tmp_path / "sheet.csv")], NAMES)


def test_a_cell_stands_in_the_sheets_once(tmp_path) -> None:
    line = "m,s,gd,full,forget_rougeL,0.6,fraction,d,A,T1,p. 3,first hand"
    sheet = tmp_path / "sheet.csv"
    sheet.write_text(f"{HEADER}\n{line}\n{line.replace('0.6', '0.7')}\n")
    with pytest.raises(BadInput, match=r"line 3: the cell of .*line 2 once more"):
        read_sheets([str(sheet)], NAMES)
    sheet.write_text(f"{HEADER}\n{line}\n{line.replace('T1', 'T2')}\n")
    assert len(read_sheets([str(sheet)], NAMES)) == 2


def test_a_sheet_may_have_a_byte_order_mark_and_tell_the_sources_caveat(demo, tmp_path) -> None:
    sheet = tmp_path / "sheet.csv"
    sheet.write_text(
        f"\ufeff{HEADER},caveat\ntiny,forget10,gd,grun,model_utility,0.85,fraction,d,A,T1,p. 3,first hand,not tuned\n"
    )
    table = ledger.table(ledger.read_cells([str(sheet)], demo.results), ledger.values(demo.results))
    assert table.tidy["caveat"].tolist() == table.shown["The source's caveat"].tolist() == ["not tuned"]
    sheet.write_bytes(f"{HEADER}\n\xe9".encode("latin-1"))
    with pytest.raises(BadInput, match="not UTF-8"):
        read_sheets([str(sheet)], NAMES)
    with pytest.raises(BadInput, match=r"config\.published: no file"):
        read_sheets([str(tmp_path)], NAMES)


def test_what_is_so_by_construction_and_anothers_definition_are_not_compared(demo, tmp_path) -> None:
    sheet = tmp_path / "sheet.csv"
    sheet.write_text(
        f"{HEADER}\n"
        "tiny,forget10,retain,,forget_quality,1.0,p-value,against itself,A,T1,p. 3,first hand\n"
        "tiny,forget10,gd,full,forget_quality.peer,1e-5,p-value,with 1e-10 added,A,T1,p. 3,first hand\n"
    )
    table = ledger.table(ledger.read_cells([str(sheet)], demo.results), ledger.values(demo.results))
    assert table.tidy["verdict"].tolist() == ["", ""]
    assert table.tidy["reason"].tolist() == ["so by construction: a model against itself", "by peer's own definition"]
    assert len(table.shown) == 0


def test_metrics_of_benchmarks_that_the_study_has_not_are_no_misspellings() -> None:
    tofu = declared(made_up.TOFU)
    sheets = [f"config/published/{name}.csv" for name in ("grun", "ren2025_su", "open_unlearning", "wmdp")]
    assert len(read_sheets(sheets, names_of([tofu]))) == len(read_sheets(sheets, NAMES))


@needs_shared
@pytest.mark.parametrize("name", ["nan", "inf", "pneg", "underscore", "61_fraction", "typo_metric"])
def test_the_cases_are_refused_when_the_study_is_read(name: str) -> None:
    """../shared/cases, ledger_*: expected "BadInput with file and line"."""
    (sheet,) = SHARED.glob(f"cases/ledger_*/led_{name}.csv")
    study = yaml.safe_load(Path("config/demo.yaml").read_text()) | {"published": [str(sheet)]}
    with pytest.raises(BadInput, match=f"{sheet} line 2, (value|metric): ") as caught:
        all_jobs(read_study(study))
    assert "\n" not in str(caught.value)
