"""Which variant is chosen."""

import pandas as pd
import pytest
from tests.reporting import made_up

from grunflow.reporting.columns import on_the_way
from grunflow.reporting.tables.tuning import tuning, tuning_table

FIGURES = ("forget_probability", "forget_rougeL", "retain_probability", "retain_rougeL")


def snapshots() -> pd.DataFrame:
    return pd.DataFrame(
        {"run": f"{variant}{seed}", "model": "tiny", "split": "forget10", "objective": "gd", "carrier": "grun",
         "carrier_kind": "grun", "variant": variant, "step": step, "forget_probability": forgot if step else 1.0,
         "forget_rougeL": 0.2, "retain_probability": kept, "retain_rougeL": kept}
        for variant, forgot, kept in (("low", 0.9, 1.0), ("mid", 0.1, 0.9), ("high", 0.0, 0.2))
        for seed in (0, 1)
        for step in (0, 80)
    )  # fmt: skip


def test_it_takes_the_last_step_and_chooses_one_variant_per_method(demo) -> None:
    columns = on_the_way(demo.results[0].benchmark, FIGURES)
    table = tuning(snapshots(), columns, {"low": 1e-3, "mid": 3e-3, "high": 1e-2}).set_index("variant")
    assert table["at_edge"].to_dict() == {"low": True, "mid": False, "high": True}
    assert table["chosen"].to_dict() == {"low": False, "mid": True, "high": False}
    assert table.loc["mid", "score"] == pytest.approx(4 / (1 / 0.9 + 1 / 0.8 + 2 / 0.9))
    assert table["seeds"].tolist() == [2, 2, 2]


def test_its_rule_reads_roles_so_that_it_serves_any_benchmark(tmp_path) -> None:
    frames = made_up.tales(methods=(("hush", "sieve"),))
    frames = {
        name: frame.assign(variant=["a" if "t0" in run else "b" for run in frame["run"]])
        for name, frame in frames.items()
    }
    last = frames["metrics"][frames["metrics"]["carrier"] != ""]
    frames["snapshots"] = last.assign(step=80, hidden_recall=[0.1, 0.4, 0.4], open_recall=0.9)
    (tales,) = made_up.Study(tmp_path, [(made_up.TALES, frames)]).results
    table = tuning_table({"a": 1e-3, "b": 3e-3}, tales)
    assert table.tidy.set_index("variant")["chosen"].to_dict() == {"a": True, "b": False}
    assert table.tidy["score"].tolist() == pytest.approx([0.9, 2 / (1 / 0.6 + 1 / 0.9)])
    assert "harmonic mean" in table.caption
    assert "budget 2 variants of each method, 1 to 2 seeds each, 80 steps" in table.caption
    assert "chosen on 8 of hidden, 8 of open" in table.caption
    assert table.caption.endswith("chosen rates at an edge of what was tried: hush sieve.")


def test_of_answers_by_options_what_counts_lies_above_guessing(demo) -> None:
    """Guessing is 0.25: less than that of the forget set is no more forgotten."""
    wmdp = demo.results[1].benchmark
    frame = pd.DataFrame(
        {"run": name, "model": "m", "split": "", "objective": "rmu", "carrier": "grun", "carrier_kind": "grun",
         "variant": name, "step": 10, "forget_domain_accuracy": forgot, "retain_domain_accuracy": kept}
        for name, forgot, kept in (("below", 0.1, 0.70), ("at", 0.25, 0.75), ("above", 0.4, 1.0))
    )  # fmt: skip
    table = tuning(frame, on_the_way(wmdp, frame), {}, wmdp.chance).set_index("variant")
    assert table["score"].tolist() == pytest.approx([2 / (1 + 0.75 / 0.45), 2 / (1 + 0.75 / 0.5), 2 / (1.25 + 1)])
    assert table["chosen"].tolist() == [False, False, True]
    assert not table["at_edge"].any()  # no variant says a rate
