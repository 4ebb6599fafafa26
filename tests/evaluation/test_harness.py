"""The adapter against lm-eval's own harness, on one tiny model and local questions."""

import json
from pathlib import Path

import pytest
import torch

from grunflow.carriers.stack import Stack
from grunflow.config.models import Architecture, Model
from grunflow.config.parts import CarrierSpec
from grunflow.config.sets import DataSet
from grunflow.data.batching import collate
from grunflow.data.prompts import Example
from grunflow.data.tokenizer import train_tokenizer
from grunflow.errors import BadInput
from grunflow.evaluation.harness import StackLM, accuracies, scored_answers
from grunflow.evaluation.letters import items_of, option_logits
from grunflow.evaluation.tasks import local_task
from grunflow.models import offloaded
from tests.parts import carrier as carrier_spec

WORDS = ("red", "blue", "green", "light yellow", "black", "white", "deep violet", "pink")


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """Questions with options of one and of two words, of different lengths."""
    folder = tmp_path_factory.mktemp("data")
    rows = [
        {"question": "What colour has " + "the very " * (i % 5) + f"{WORDS[i % 8]} thing?",
         "choices": [WORDS[(i + k) % 8] for k in range(4)], "answer": i % 4}
        for i in range(24)
    ]  # fmt: skip
    (folder / "sets").mkdir()
    (folder / "sets" / "colours.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer(["Question: What colour has the very thing?\nAnswer: " + " ".join(WORDS)] * 3, 330)


@pytest.fixture
def model(tokenizer):
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    config = LlamaConfig(vocab_size=len(tokenizer), hidden_size=32, intermediate_size=64, num_hidden_layers=4,
                         num_attention_heads=4, eos_token_id=0, pad_token_id=0, initializer_range=0.3)  # fmt: skip
    return LlamaForCausalLM(config).eval()


COLOURS = DataSet(name="colours", role="keep", file="sets/colours.jsonl")


def on_top(spec: CarrierSpec, model) -> Stack:
    stack = Stack(model)
    stack.attach(spec, 0)
    return stack


def grun(model, fill: float | None = None) -> Stack:
    stack = on_top(carrier_spec("grun", rank=2, layers=(1, 3), gate="linear", gate_weight=1), model)
    if fill is not None:
        for edit in stack.edits.values():
            edit.gate.bias.data.fill_(fill)
    return stack


def requests_of(tokenizer) -> list:
    pairs = [("Question: What colour?\nAnswer:", f" {word}") for word in WORDS] + [("A", " red"), ("A B C D", " blue")]
    return [((a, b), tokenizer(a)["input_ids"], tokenizer(b)["input_ids"]) for a, b in pairs]


@pytest.mark.filterwarnings("ignore")
def test_without_an_edit_every_figure_is_lm_evals_own(model, tokenizer, data: Path) -> None:
    from lm_eval import simple_evaluate
    from lm_eval.models.huggingface import HFLM
    from lm_eval.tasks import TaskManager

    stock = HFLM(pretrained=model, tokenizer=tokenizer, batch_size=4)
    ours = StackLM(on_top(carrier_spec("full"), model), tokenizer, 4)
    for mine, theirs in zip(
        ours._loglikelihood_tokens(requests_of(tokenizer)),
        stock._loglikelihood_tokens(requests_of(tokenizer)),
        strict=True,
    ):
        assert mine[0] == pytest.approx(theirs[0], rel=1e-5)
        assert mine[1] == theirs[1]
    manager = TaskManager(include_defaults=False)
    found = simple_evaluate(stock, tasks=[local_task(COLOURS, data)], bootstrap_iters=0, task_manager=manager)
    theirs = [sample["acc"] for sample in found["samples"]["colours"]]
    assert scored_answers(ours, [COLOURS], data)["colours"] == theirs
    assert 0 < sum(theirs) < len(theirs)


@pytest.mark.filterwarnings("ignore")
def test_a_batch_size_changes_nothing(model, tokenizer, data: Path) -> None:
    carrier = grun(model)
    one, many = (StackLM(carrier, tokenizer, size) for size in (1, 16))
    for a, b in zip(
        one._loglikelihood_tokens(requests_of(tokenizer)),
        many._loglikelihood_tokens(requests_of(tokenizer)),
        strict=True,
    ):
        assert a[0] == pytest.approx(b[0], rel=1e-5)
        assert a[1] == b[1]
    assert scored_answers(one, [COLOURS], data) == scored_answers(many, [COLOURS], data)


@pytest.mark.filterwarnings("ignore")
def test_a_model_that_waits_in_its_files_says_the_same(model, tokenizer, tmp_path: Path, monkeypatch) -> None:
    """Both forms of multiple choice, whose batches go through such a model block by block."""
    model.save_pretrained(tmp_path)
    started = Model(name="m", architecture=Architecture(hidden_size=32, layers=4), dtype="float32")
    monkeypatch.setattr(offloaded, "gpu_bytes", lambda: 1)
    waiting = offloaded.start_model(started, [tmp_path])
    assert offloaded.is_offloaded(waiting)
    items = items_of(
        [{"question": f"What colour {n}?", "choices": WORDS[n : n + 4], "answer": n % 4} for n in range(5)]
    )
    whole, part = (
        (StackLM(stack, tokenizer, 4)._loglikelihood_tokens(requests_of(tokenizer)), option_logits(stack, tokenizer, items, 2))
        for stack in (grun(model, 1e4), grun(waiting, 1e4))
    )  # fmt: skip
    assert part[0] == whole[0]
    assert torch.equal(part[1], whole[1])


@pytest.mark.filterwarnings("ignore")
def test_a_zero_edit_equals_no_edit_exactly_and_an_open_gate_does_not(model, tokenizer) -> None:
    plain = StackLM(on_top(carrier_spec("full"), model), tokenizer, 4)
    before = plain._loglikelihood_tokens(requests_of(tokenizer))
    closed = StackLM(grun(model, -1e4), tokenizer, 4)  # sigmoid(-1e4) is 0
    assert closed._loglikelihood_tokens(requests_of(tokenizer)) == before
    opened = StackLM(grun(model, 1e4), tokenizer, 4)
    assert opened._loglikelihood_tokens(requests_of(tokenizer)) != before


@pytest.mark.filterwarnings("ignore")
def test_the_head_is_run_at_continuations_alone_and_scores_are_those_of_all_logits(model, tokenizer) -> None:
    stack, requests = grun(model, 1e4), requests_of(tokenizer)
    seen: list[int] = []
    handle = model.lm_head.register_forward_hook(lambda _, inputs, logits: seen.append(logits.shape[:-1].numel()))
    found = StackLM(stack, tokenizer, 4)._loglikelihood_tokens(requests)
    handle.remove()
    passes = {((*context, *continuation[:-1]), len(continuation)) for _, context, continuation in requests}
    assert sum(seen) == sum(length for _, length in passes) < sum(len(fed) for fed, _ in passes) / 4
    for (_, context, continuation), (total, greedy) in zip(requests, found, strict=True):
        batch = collate([Example((context + continuation)[:-1], len(context))], 0)
        with torch.no_grad():
            every = stack.forward(batch).logits[0].log_softmax(-1)[-len(continuation) :]
        want = torch.tensor(continuation)
        assert total == pytest.approx(float(every.gather(1, want[:, None]).sum()), rel=1e-6, abs=1e-6)
        assert greedy == bool((every.argmax(-1) == want).all())


@pytest.mark.slow  # of a name that lm-eval does not know its whole index is read
@pytest.mark.filterwarnings("ignore")
def test_what_it_cannot_score_is_refused(model, tokenizer, data: Path) -> None:
    lm = StackLM(on_top(carrier_spec("full"), model), tokenizer, 4)
    with pytest.raises(BadInput, match=r"tasks: a task asks for generate_until"):
        lm.generate_until([])
    with pytest.raises(BadInput, match=r"tasks: Unknown task of lm-eval 'wmpd_bio'. Did you mean 'wmdp_bio'"):
        scored_answers(lm, [COLOURS, DataSet(name="wmpd_bio", role="forget", file="")], data)


def test_a_graded_acc_is_kept_as_it_is_and_filters_or_a_task_without_acc_are_refused() -> None:
    assert accuracies("graded", [{"acc": 0.25, "filter": "none"}, {"acc": 1, "filter": "none"}]) == [0.25, 1.0]
    with pytest.raises(BadInput, match="tasks: twice has the filters a, b"):
        accuracies("twice", [{"acc": 1, "filter": "a"}, {"acc": 1, "filter": "b"}])
    with pytest.raises(BadInput, match="tasks: none has no `acc`"):
        accuracies("none", [{"exact_match": 1, "filter": "a"}])
