"""The ledger: every verdict, from made-up replicates; and the shipped sheets."""

from pathlib import Path

import numpy as np
import pytest
from tests.reporting import made_up

from grunflow.errors import BadInput
from grunflow.reporting import ledger

OURS = np.array([0.60, 0.62, 0.61])  # mean 0.61, s 0.01; t(2) s sqrt(4/3) = 0.0497
HEADER = ",".join(ledger.COLUMNS)


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
        ("1e-7", "p-value", np.array([1e-4, 1e-5, 1e-6]), "within noise"),
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
    table = ledger.table(ledger.read_cells([str(sheet)]), ledger.values(demo.results))
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
    assert len(ledger.table(ledger.read_cells(sheets), ledger.values(demo.results)).tidy) == lines


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("m,s,o,c,x,abc,fraction,d,s,t,p,first hand", "line 2, value: got 'abc', expected a number as printed"),
        ("m,s,o,c,x,1,percents,d,s,t,p,first hand", "line 2, unit: Unknown unit 'percents'. Did you mean 'percent'"),
        ("m,s,o,c,x,1,percent,d,s,t,p,hearsay", "line 2, read: Unknown read 'hearsay'"),
        ("m,s,o,c,x,1,percent,d", "line 2: not 12 cells"),
    ],
)
def test_a_bad_cell_is_refused_with_file_line_and_column(tmp_path, line: str, message: str) -> None:
    sheet = tmp_path / "sheet.csv"
    sheet.write_text(f"{HEADER}\n{line}\n")
    with pytest.raises(BadInput) as caught:
        ledger.read_cells([str(sheet)])
    assert str(sheet) in str(caught.value)
    assert message in str(caught.value)


def test_a_missing_sheet_or_column_is_refused(tmp_path) -> None:
    with pytest.raises(BadInput, match="no file"):
        ledger.read_cells([str(tmp_path / "none.csv")])
    (tmp_path / "sheet.csv").write_text("model,value\n")
    with pytest.raises(BadInput, match="line 1: got columns"):
        ledger.read_cells([str(tmp_path / "sheet.csv")])
