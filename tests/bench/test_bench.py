"""The benchmark at a tiny size: its rows are whole, and the engines it compares take the same trajectory."""

import json
from dataclasses import replace

import pytest
import torch
from benchmarks.bench import measure, measure_evaluation
from benchmarks.engines import OBJECTIVES, Size
from benchmarks.lengths import DISTRIBUTIONS, examples

from benchmarks import alternatives, finetuning, gpu, memory, scaling
from grunflow.costs.shapes import Shapes

# DESIGN section 7: columns that readers of results/bench/summary.csv rely on.
COLUMNS = {"work", "lengths", "size", "baseline", "ratio", "ratio_lo", "ratio_hi", "flop_bound", "max_rel_diff"}


@pytest.mark.parametrize("work", OBJECTIVES)
def test_a_row_is_whole_and_the_engines_agree(work: str) -> None:
    threads = torch.get_num_threads()
    (row,) = measure(Size(64, 2, (0, 1), vocabulary=64), "forget05", work, 3, None)
    torch.set_num_threads(threads)
    assert row.keys() >= COLUMNS
    assert row["baseline"] == "plain"
    assert row["max_rel_diff"] <= 1e-4
    assert row["flop_bound"] > 1


def test_the_lengths_are_those_that_the_document_states() -> None:
    for name, mean_prompt in (("varied", 40), ("forget05", 28)):
        found = examples(name, 400, 64, 0)
        assert name in DISTRIBUTIONS
        assert sum(example.prompt_length for example in found) / 400 == pytest.approx(mean_prompt, abs=1.5)
        assert all(example.ids[-1] == 2 for example in found)


@pytest.mark.slow
def test_evaluation_gives_the_same_scores_and_texts_and_counts_its_flops() -> None:
    threads = torch.get_num_threads()
    (row,) = measure_evaluation(Size(64, 2, (0, 1), vocabulary=64), "forget05", 16, None)
    torch.set_num_threads(threads)
    assert row.keys() >= COLUMNS
    assert row["max_rel_diff"] <= 1e-5
    assert row["flop_bound"] > 1
    # What is counted exceeds the closed form by the padding of attention alone.
    assert 1 <= row["fast_flops_over_least"] <= 1.1


def test_the_cost_of_examples_and_of_answer_tokens_is_measured() -> None:
    found = scaling.measure(Size(64, 2, (0, 1), vocabulary=64))
    assert {row["grows"] for row in found} == {"examples", "answer_tokens"}
    assert all(row["seconds"] > 0 for row in found)


def test_what_is_not_taken_is_measured_beside_what_is() -> None:
    found = alternatives.measure((Size(64, 2, (0, 1), vocabulary=64),))
    assert [row["alternative"] for row in found] == ["autocast", "chunked"]
    assert all(row["ratio"] > 0 for row in found)


@pytest.mark.slow
def test_a_fresh_process_tells_its_peak() -> None:
    assert memory.measured("fast", "grun_gd_training", "forget05") > 1e6


@pytest.mark.slow
def test_the_gpu_script_says_all_of_it_in_one_call(capsys: pytest.CaptureFixture) -> None:
    found = gpu.main(["--shape", "tiny", "--device", "cpu", "--steps", "1", "--rows", "8", "16"])
    told, *table = capsys.readouterr().out.splitlines()
    assert json.loads(told) == found
    measured = [name for name, part in found.items() if isinstance(part, dict)]
    assert [line.split()[0] for line in table[1:]] == measured
    assert {"grun_npo_fast", "grun_npo_plain", "evaluation", "finetuning_8", "finetuning_16"} <= set(measured)
    for name in measured:
        assert found[name]["seconds"] > 0
        assert found[name]["planned_bytes"] > 0
        assert found[name]["peak_bytes"] is None  # only a GPU counts it
    one, most = found["finetuning_8"], found["finetuning_16"]
    assert one["mfu"] is None  # no peak is stated for a CPU
    assert one["ops"] == pytest.approx(most["ops"], rel=0.1)  # a micro-batch launches as much however many rows it has
    assert found["evaluation"]["generated_tokens"] > 0
    assert found["left_out"] == []


def test_what_the_time_does_not_reach_is_named() -> None:
    found = gpu.main(["--shape", "tiny", "--device", "cpu", "--steps", "2", "--minutes", "0"])
    assert "evaluation" in found["left_out"]
    assert "evaluation" not in found


def test_fine_tuning_takes_as_many_blocks_as_fit() -> None:
    hidden, feed, layers, heads, groups, vocabulary, _ = gpu.SHAPES["8b"]
    whole = Shapes(hidden, layers, heads, groups, hidden // heads, feed, vocabulary, False)
    room = 0.85 * 80 * 2**30
    blocks = finetuning.fitting_blocks(whole, room)
    fits, more = (finetuning.planned(replace(whole, layers=blocks + at), finetuning.MOST) for at in (0, 1))
    assert fits <= room < more
    assert finetuning.fitting_blocks(whole, float("inf")) == layers
