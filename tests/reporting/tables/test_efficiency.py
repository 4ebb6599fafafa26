"""What training cost, and what one carrier saves against another."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from tests.reporting import made_up

from grunflow.reporting.tables.efficiency import beside, efficiency, efficiency_table, saving
from grunflow.stages.aggregate import cost


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
    on_gpus = efficiency(frame.assign(gpu_seconds=3600.0, shared_gpu_seconds=1800.0, evaluation_gpu_seconds=360.0))
    assert on_gpus["gpu_hours"].tolist() == [1.5] * len(on_gpus)
    assert on_gpus["evaluation_gpu_hours"].tolist() == [0.1] * len(on_gpus)
    assert row.cpu_seconds == pytest.approx(row.train_seconds + 4)  # the job, and 1 s of the one that cached its states


def test_readers_see_what_is_saved_against_all_but_the_smallest(demo) -> None:
    table = efficiency_table(*demo.results)
    assert [name for name in table.shown if name.startswith("Saved")] == [
        "Saved CPU time vs full", "Saved FLOPs vs full", "Saved CPU time vs lora", "Saved FLOPs vs lora",
    ]  # fmt: skip
    columns = list(table.shown)
    assert (columns[0], columns[-1]) == ("Benchmark", "Seeds")
    assert table.tidy["benchmark"].value_counts().to_dict() == {"tofu": 11, "wmdp": 2}


def test_one_carrier_saves_against_none(tmp_path) -> None:
    frames = made_up.questions(seeds=(0,), carriers=("grun",), objectives=("gd",))
    assert not [name for name in efficiency(frames["efficiency"]) if "reduction" in name]


def seconds(*values: float) -> pd.DataFrame:
    seeds = range(len(values))
    return pd.DataFrame({"target_seed": seeds, "unlearn_seed": seeds, "train_seconds": values})


def test_what_is_saved_is_of_the_means_that_stand_beside_it() -> None:
    """17.4 s beside 18.5 s is 6 % less; the mean of the ratios of single seeds, one of them slow, says 31 % more."""
    mine, theirs = seconds(10.0, 12.2, 30.0), seconds(4.5, 25.0, 26.0)
    found = saving(*beside(mine, theirs), "train_seconds")
    assert found.mean == pytest.approx(1 - 17.4 / 18.5)
    assert 1 - (10 / 4.5 + 12.2 / 25 + 30 / 26) / 3 < -0.28
    assert found.lo < found.mean < found.hi < 1
    # The other way round it is the same ratio.
    turned = saving(*beside(theirs, mine), "train_seconds")
    assert (1 - turned.lo, 1 - turned.hi) == pytest.approx((1 / (1 - found.hi), 1 / (1 - found.lo)))
    # By hand: sqrt of the variance of a / mean(a) - b / mean(b) over 3, t(2) = 4.30265.
    apart = np.array([10, 12.2, 30]) / 17.4 - np.array([4.5, 25, 26]) / 18.5
    assert np.log((1 - found.lo) / (1 - found.mean)) == pytest.approx(
        4.30265 * apart.std(ddof=1) / np.sqrt(3), rel=1e-5
    )


def test_one_seed_saves_without_an_interval_and_nothing_spent_saves_nothing() -> None:
    found = saving(*beside(seconds(5.0), seconds(10.0)), "train_seconds")
    assert (found.mean, np.isnan(found.lo), np.isnan(found.hi)) == (0.5, True, True)
    assert np.isnan(saving(*beside(seconds(0.0), seconds(0.0)), "train_seconds").mean)
    # Of a run that the other method lacks nothing is told.
    assert saving(*beside(seconds(5.0, 7.0), seconds(10.0)), "train_seconds").mean == 0.5


@pytest.mark.slow
def test_savings_are_covered_by_simulation() -> None:
    """Log-normal seconds of 3 seeds, 20 % apart by what the machine does; nominal 0.95."""
    rng = np.random.default_rng(0)
    hits = []
    for _ in range(500):
        mine, theirs = (mean * np.exp(0.2 * rng.normal(size=3)) for mean in (10.0, 18.0))
        found = saving(*beside(seconds(*mine), seconds(*theirs)), "train_seconds")
        hits.append(found.lo <= 1 - 10 / 18 <= found.hi)
    assert np.mean(hits) >= 0.93


def test_a_run_bears_its_share_of_states_that_several_runs_read() -> None:
    names = ("model_parameters", "trained_parameters", "steps", "tokens", "train_seconds", "train_flops", "cpu_seconds",
             "peak_memory_bytes")  # fmt: skip
    measured = {**dict.fromkeys(names, 10), "once_seconds": 6, "once_flops": 60, "once_cpu_seconds": 12.0, "once_gpu_seconds": 9.0,
                "gpu_seconds": 20.0}  # fmt: skip
    manifest = {"measured": measured, "inputs": {"data": {"d": "1"}, "frozen": {"f": "2"}}}
    found = cost({"run": "r"}, manifest, Counter({"f": 3}), {"gpu_seconds": 5.0, "cpu_seconds": 8.0})
    assert (found["train_seconds"], found["train_flops"]) == (16, 70)
    assert (found["shared_cpu_seconds"], found["shared_gpu_seconds"]) == (4.0, 3.0)
    assert (found["gpu_seconds"], found["evaluation_gpu_seconds"], found["evaluation_cpu_seconds"]) == (20.0, 5.0, 8.0)
