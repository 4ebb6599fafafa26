"""What training cost, and what one carrier saves against another."""

import numpy as np
import pytest
from tests.reporting import made_up

from grunflow.reporting.tables.efficiency import efficiency, efficiency_table


def test_it_holds_costs_and_what_is_saved_against_every_other_carrier(demo) -> None:
    frame = demo.results[0].frame("efficiency")
    found = efficiency(frame).set_index(["objective", "carrier"])
    row = found.loc["gd", "grun"]
    assert (row.trained_parameters, row.trained_fraction, row.seeds) == (400, 0.0004, 3)
    assert 0.85 < row.train_seconds_reduction_vs_full_lo < row.train_seconds_reduction_vs_full_hi < 0.95
    assert row.trained_parameters_reduction_vs_lora == pytest.approx(0.98)
    assert np.isnan(found.loc[("gd", "full"), "train_seconds_reduction_vs_full"])
    assert found.loc[("gd", "full"), "train_seconds_reduction_vs_grun"] < 0
    assert row.gpu_hours == 0
    on_gpus = efficiency(frame.assign(gpu_seconds=3600.0))
    assert on_gpus["gpu_hours"].tolist() == [1.0] * len(on_gpus)


def test_readers_see_what_is_saved_against_all_but_the_smallest(demo) -> None:
    table = efficiency_table(*demo.results)
    assert [name for name in table.shown if name.startswith("Saved")] == [
        "Saved time vs full", "Saved FLOPs vs full", "Saved time vs lora", "Saved FLOPs vs lora",
    ]  # fmt: skip
    columns = list(table.shown)
    assert (columns[0], columns[-1]) == ("Benchmark", "Seeds")
    assert table.tidy["benchmark"].value_counts().to_dict() == {"tofu": 11, "wmdp": 2}


def test_one_carrier_saves_against_none(tmp_path) -> None:
    frames = made_up.questions(seeds=(0,), carriers=("grun",), objectives=("gd",))
    assert not [name for name in efficiency(frames["efficiency"]) if "reduction" in name]
