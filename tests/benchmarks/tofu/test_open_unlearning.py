"""open-unlearning's logs: as its own formulas make them (src/evals/metrics/memorization.py at d3d7cf9)."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import hmean, ks_2samp

from grunflow.benchmarks.tofu.logs import score_log
from grunflow.benchmarks.tofu.open_unlearning import READ
from grunflow.errors import BadInput


def written(path: Path, seed: int = 0, **changed) -> Path:
    """A log in its form, with its own means. changed: metrics in place of these (null: left out)."""
    rng, log = np.random.default_rng(seed), {}
    for kind, metrics in READ.items():
        for metric, key, ours in metrics:
            values = rng.uniform(0.1, 0.9, 20)
            mean = values
            if ours == "raw_ratio":
                mean = np.minimum(values, 1 / (values + 1e-10)) if kind == "forget" else np.maximum(0, 1 - values)
            rows = {str(place): {key: value, "avg_loss": 1.0} for place, value in enumerate(values.tolist())}
            log[metric] = {"agg_value": float(mean.mean()), "value_by_index": rows}
    log["model_utility"] = {
        "agg_value": float(hmean([log[name]["agg_value"] for kind in list(READ)[1:] for name, *_ in READ[kind]]))
    }
    log["forget_quality"] = {"agg_value": None}
    path.write_text(json.dumps({name: value for name, value in (log | changed).items() if value is not None}))
    return path


def test_a_whole_log_gives_its_own_figures(tmp_path: Path) -> None:
    path, retain = written(tmp_path / "run.json"), written(tmp_path / "retain.json", seed=1)
    log, found = json.loads(path.read_text()), score_log(path, retain)
    for kind, metrics in READ.items():
        for metric, _, ours in metrics:
            name = "truth_ratio" if ours == "raw_ratio" else ours
            assert found[f"{kind}_{name}"] == pytest.approx(log[metric]["agg_value"])
    assert found["model_utility"] == pytest.approx(log["model_utility"]["agg_value"])
    ratios = [[row["score"] for row in json.loads(file.read_text())["forget_truth_ratio"]["value_by_index"].values()]
              for file in (path, retain)]  # fmt: skip
    assert found["forget_quality"] == pytest.approx(ks_2samp(*ratios).pvalue)
    assert (found["n_unlearned"], found["n_retain"]) == (20, 20)


def test_what_only_the_log_says_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = written(tmp_path / "run.json", wf_Truth_Ratio=None, model_utility={"agg_value": 0.31})
    assert score_log(path, None)["model_utility"] == 0.31
    assert "model_utility: the log's own figure" in caplog.text


@pytest.mark.parametrize(
    ("metric", "value", "message"),
    [
        ("forget_Q_A_Prob", {"agg_value": 0.5, "value_by_index": {"0": {"prob": None}}}, r"forget_Q_A_Prob\[0\]\.prob: got null"),
        ("forget_Q_A_Prob", {"agg_value": 0.5, "value_by_index": {"0": {"prob": 1.5}}}, r"got 1\.5, expected a share"),
        ("forget_Q_A_Prob", {"agg_value": 0.5, "value_by_index": {"0": {"prob": 0.5}}}, "forget: its fields have different indices"),
        ("forget_Q_A_Prob", {"agg_value": 0.5, "value_by_index": {"0": 0.5}}, r"got 0\.5, expected an object with prob"),
        ("forget_Q_A_Prob", {"agg_value": 0.5, "value_by_index": {}}, "expected values by their index"),
        ("model_utility", {"agg_value": float("nan")}, "model_utility: agg_value: got NaN"),
    ],
)  # fmt: skip
def test_a_value_that_is_none_of_its_field_is_named(tmp_path: Path, metric: str, value: dict, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        score_log(written(tmp_path / "run.json", **{metric: value}), None)


def test_a_mean_that_its_questions_do_not_give_is_refused(tmp_path: Path) -> None:
    """As of its `prob_mean` aggregator, true / (true + false), which is no Truth Ratio of TOFU's."""
    path = written(tmp_path / "run.json")
    log = json.loads(path.read_text())
    log["retain_Truth_Ratio"]["agg_value"] = 0.99
    path.write_text(json.dumps(log))
    with pytest.raises(
        BadInput, match=r"retain_Truth_Ratio: agg_value is 0\.99, its 20 questions give .* another aggregator"
    ):
        score_log(path, None)
