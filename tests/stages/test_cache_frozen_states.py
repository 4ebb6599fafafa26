"""What is cached, for whom, and that a run takes nobody else's."""

from pathlib import Path
from typing import Any

import pytest

from grunflow.config import specs
from grunflow.config.sets import Paired
from grunflow.data.tokenizer import train_tokenizer
from grunflow.errors import BadInput
from grunflow.models.loading import load_tokenizer
from grunflow.stages import cache_frozen_states, unlearn
from grunflow.training.frozen_states import FrozenStates
from grunflow.training.streams.paired import shared
from grunflow.work import Work
from tests.jobs import QUESTIONS
from tests.parts import carrier, objective
from tests.stages.made import made
from tests.stages.test_micro_batches import REPLAYED, model_of, training


def read(sampling: str = "fresh") -> Paired:
    return Paired(**{**QUESTIONS, "sampling": sampling})


def cache(**more: Any) -> specs.CacheFrozenStates:
    given = {
        "benchmark": "tofu",
        "model": model_of(1),
        "split": "forget10",
        "stream": read(),
        "first": 0,
        "target_seed": 0,
    }
    return specs.CacheFrozenStates(**{**given, **more})


def run(**more: Any) -> specs.Unlearn:
    grun = carrier("grun", rank=2, layers=(0, 1), gate="linear", gate_weight=1)
    given = {
        "benchmark": "tofu", "model": model_of(1), "split": "forget10", "stream": read(), "objective": objective("npo"),
        "carrier": grun, "training": training(1), "engine": "fast", "target_seed": 0, "unlearn_seed": 1,
    }  # fmt: skip
    return specs.Unlearn(**{**given, **more})


@pytest.mark.parametrize("sampling", ["fresh", "fixed_partner"])
def test_a_run_reads_what_is_cached_and_nothing_else(
    sampling: str, two_targets: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    spec, data, target = cache(stream=read(sampling)), two_targets / "data", two_targets / "target0"
    folder = made(tmp_path / "frozen", cache_frozen_states, spec, data=data, start=target)
    with caplog.at_level("INFO"):
        made(tmp_path / "run", unlearn, run(stream=read(sampling)), data=data, start=target, frozen=folder)
    rows = len(FrozenStates(folder).index)
    # 20 questions of the one forget author; of the 180 others as many as have one for a partner.
    assert rows == 200 if sampling == "fresh" else 20 < rows <= 40
    assert "0 of them not in the cache" in caplog.text


def test_with_fixed_partners_replayed_rows_are_all_cached(two_targets: Path) -> None:
    """Which of them a run replays follows from its unlearn seed."""
    tokenizer = load_tokenizer(two_targets / "data" / "tokenizer")
    few, all_rows = (
        shared(Paired(**{**keys, "sampling": "fixed_partner"}), two_targets / "data", tokenizer, "plain")
        for keys in (QUESTIONS, REPLAYED)
    )
    assert 20 < len(few) <= 40  # two questions may share a partner
    assert len(all_rows) > 200


def test_the_manifest_says_what_was_spent_before_the_first_step(two_targets: Path, tmp_path: Path) -> None:
    data, target = two_targets / "data", two_targets / "target0"
    folder = made(tmp_path / "frozen", cache_frozen_states, cache(), data=data, start=target)
    given = {"data": [data], "start": [target], "frozen": [folder]}
    spent = {}
    for name, inputs in (("fast", given), ("alone", {**given, "frozen": []})):
        (tmp_path / name).mkdir()
        spent[name] = unlearn.run(run(), Work({k: value for k, value in inputs.items() if value}, tmp_path / name, 8))
    # What the run computes itself where nothing is cached is what the cache holds.
    assert spent["fast"]["once_flops"] == spent["alone"]["once_flops"] > 0
    assert spent["fast"]["once_seconds"] > 0
    (tmp_path / "full").mkdir()
    full = unlearn.run(run(carrier=carrier("full")), Work({"data": [data], "start": [target]}, tmp_path / "full", 8))
    # NPO's references: of the 20 forget answers alone.
    assert 0 < full["once_flops"] < spent["alone"]["once_flops"] / 5


@pytest.mark.parametrize(
    ("of_cache", "target", "fault"),
    [
        ({"first": 1}, "target0", "its first is 1, this run's 0"),
        ({"template": "authors"}, "target0", "its template is authors, this run's plain"),
        ({}, "target1", "its start is "),
    ],
)
def test_states_of_another_target_or_edit_are_refused(
    of_cache: dict, target: str, fault: str, two_targets: Path, tmp_path: Path
) -> None:
    data = two_targets / "data"
    folder = made(tmp_path / "frozen", cache_frozen_states, cache(**of_cache), data=data, start=two_targets / "target0")
    inputs = {"data": [data], "start": [two_targets / target], "frozen": [folder]}
    with pytest.raises(BadInput, match=fault):
        unlearn.run(run(), Work(inputs, tmp_path, 8))


def test_where_the_fast_path_does_not_apply_nothing_is_cached_and_the_log_says_why(
    two_targets: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from transformers import GPTNeoXConfig, GPTNeoXForCausalLM

    tokenizer: Any = train_tokenizer(["What is it?", "It is."], 300)
    config = GPTNeoXConfig(vocab_size=len(tokenizer), hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
                           intermediate_size=16, bos_token_id=None, eos_token_id=0)  # fmt: skip
    target = tmp_path / "target"
    GPTNeoXForCausalLM(config).save_pretrained(target)
    tokenizer.save_pretrained(target)
    (tmp_path / "out").mkdir()
    with caplog.at_level("INFO"):
        inputs = {"data": [two_targets / "data"], "start": [target]}
        found = cache_frozen_states.run(cache(), Work(inputs, tmp_path / "out", 8))
    assert "nothing is cached, runs take the plain path: architecture gpt_neox" in caplog.text
    assert found["rows"] == 0
    assert FrozenStates(tmp_path / "out").index == {}
