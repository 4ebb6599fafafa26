"""How tables are written and read back."""

import numpy as np
import pandas as pd

from grunflow.reporting import forms


def test_markdown_and_latex_hold_every_row_and_mark_bold() -> None:
    frame = pd.DataFrame({"a_b": ["50 % & more", "x"], "c ↑": ["1", "2"]})
    bars = forms.Table(frame.rename(columns={"a_b": "|a|"}), frame.rename(columns={"a_b": "|a|"}), "")
    assert forms.markdown(bars).splitlines()[2] == r"| \|a\| | c ↑ |"
    assert r"$|$a$|$ & c" in forms.latex(bars)
    table = forms.Table(frame, frame, "Cost < 1 $ in {x}~y_z", frozenset({(1, "c ↑")}))
    text = forms.latex(table)
    assert r"50 \% \& more & 1 \\" in text
    assert r"x & \textbf{2} \\" in text
    assert r"Cost $<$ 1 \$ in \{x\}\textasciitilde{}y\_z" in text
    assert forms.markdown(table).splitlines()[-1] == "| x | **2** |"
    assert forms.figure_text(0.5, float("nan"), float("nan")) == "0.500"
    assert forms.figure_text(float("nan"), 0.0, 0.0) == ""


def test_tables_are_read_back_with_empty_texts(tmp_path) -> None:
    frame = pd.DataFrame({"model": ["m", "m"], "carrier": ["", "grun"], "reason": ["", ""], "x": [1.0, np.nan]})
    forms.write(forms.Table(frame, frame, ""), tmp_path / "t", ("csv",))
    back = forms.read_tables(tmp_path)["t"]
    assert back["carrier"].tolist() == ["", "grun"]
    assert back["reason"].tolist() == ["", ""]
    assert np.isnan(back["x"][1])


def test_tables_of_several_benchmarks_are_one_with_their_names_and_bold_cells() -> None:
    one = pd.DataFrame({"x": [1.0, 2.0]})
    made = {name: forms.Table(one, one.astype(str), "", frozenset({(1, "x")})) for name in "ab"}
    table = forms.stacked(made, "both")
    assert table.tidy["benchmark"].tolist() == ["a", "a", "b", "b"]
    assert (list(table.shown), table.bold) == (["Benchmark", "x"], frozenset({(1, "x"), (3, "x")}))
    assert list(forms.stacked({"a": made["a"]}, "").shown) == ["x"]
    assert list(forms.without_empty(pd.DataFrame({"split": [""], "variant": ["v"]}))) == ["variant"]
