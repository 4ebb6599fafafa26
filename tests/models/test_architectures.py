"""Every architecture that is named as supported, on every carrier: trained, saved, restored, scored; the others refused early."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.models.families import OWN, RARER, WORDS, tiny, words
from torch import Tensor, nn

from grunflow.carriers.chain import restored
from grunflow.carriers.stack import FOLDER, Stack
from grunflow.config.architectures import check_architecture, check_parameter, parameters_of
from grunflow.config.models import Architecture, Model
from grunflow.costs.shapes import Shapes
from grunflow.data.batching import IGNORE_INDEX, collate
from grunflow.data.prompts import Example
from grunflow.errors import BadInput
from grunflow.evaluation.answering import Asker
from grunflow.evaluation.scoring import likelihoods
from grunflow.fixtures.parts import carried, carrier
from grunflow.interventions.packed import PACKABLE
from grunflow.manifest import identities_of, output_folder
from grunflow.models.blocks import RENAMED, SUPPORTED, block, block_output, blocks, width
from grunflow.models.loading import block_parameters, load_model
from grunflow.models.tiny import build

KEYS: dict[str, dict[str, Any]] = {
    "full": {},
    "lora": {"rank": 2, "alpha": 4, "dropout": 0.0},
    "grun": {"rank": 2, "layers": (0, 1), "gate": "linear", "gate_weight": 1},
    "reft": {"rank": 2, "layers": (0, 1)},
}
MODEL = Model(name="tiny", architecture=Architecture(hidden_size=32, layers=2, heads=4))
kinds = pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=pytest.mark.slow if kind in RARER else ()) for kind in SUPPORTED]
)
# An edit without a gate differs from one with a gate in nothing that an architecture could.
carriers = pytest.mark.parametrize("name", [*list(KEYS)[:3], pytest.param("reft", marks=pytest.mark.slow)])


def examples(count: int = 6) -> list[Example]:
    generator = torch.Generator().manual_seed(0)
    return [Example(torch.randint(4, 64, (8 + i,), generator=generator).tolist(), 4 + i % 3) for i in range(count)]


def logits(stack: Stack) -> Tensor:
    with torch.no_grad():
        return stack.forward(collate(examples(), 0)).logits


def train(stack: Stack, steps: int = 2) -> None:
    """As training/loop.py does, with so long a step that two of them show."""
    stack.model.train()
    optimizer = torch.optim.AdamW(stack.trained(), lr=0.02, weight_decay=0.0)
    torch.manual_seed(0)
    for _ in range(steps):
        optimizer.zero_grad()
        found = stack.forward(collate(examples(), 0))
        (found.logits.log_softmax(-1)[..., 5].mean() + sum(gate.mean() for gate in found.gate_logits)).backward()
        optimizer.step()
    stack.model.eval()


def finished(folder: Path, links: list[Path], write: Callable[[Path], Any]) -> Path:
    """A folder as a stage leaves it."""
    inputs = identities_of({"start": links}) if links else {}
    with output_folder(folder, spec={"name": folder.name}, code="", inputs=inputs) as (draft, _):
        write(draft)
    return folder


def started(folder: Path, model: Any) -> Path:
    def write(draft: Path) -> None:
        model.save_pretrained(draft)
        words(eos_token="<eos>", pad_token="<pad>").save_pretrained(draft)

    return finished(folder, [], write)


@kinds
@carriers
def test_trained_saved_restored_and_scored(tmp_path: Path, kind: str, name: str) -> None:
    start = started(tmp_path / "start", tiny(kind))
    stack = restored(MODEL, [start]).stack
    assert len(blocks(stack.model)) == 2
    before = logits(stack)
    stack.attach(carrier(name, **KEYS[name]), 3)
    train(stack)
    said = logits(stack)
    assert (said - before).abs().max() > 1e-3
    run = finished(tmp_path / "run", [start], stack.save)
    again = restored(MODEL, [start, run])
    torch.testing.assert_close(logits(again.stack), said, rtol=0, atol=0)
    plain, fast = (
        Asker(again.stack, again.tokenizer, engine, 4, 3).ask(examples(), [0, 3]) for engine in ("plain", "fast")
    )
    assert plain[0].nll_sum.isfinite().all()
    torch.testing.assert_close(fast[0].nll_sum, plain[0].nll_sum, rtol=1e-5, atol=1e-5)
    assert fast[1] == plain[1]


@kinds
@carriers
def test_scores_do_not_depend_on_the_batch(kind: str, name: str) -> None:
    stack = carried(tiny(kind), name, **KEYS[name])
    stack.model.eval()
    one, many = (likelihoods(stack, examples(), 0, size) for size in (1, 6))
    torch.testing.assert_close(one.nll_sum, many.nll_sum, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(one.gates, many.gates, rtol=1e-5, atol=1e-5)


@kinds
def test_an_edit_acts_on_either_side_of_padding_and_is_read_behind_the_block(kind: str) -> None:
    model = tiny(kind)
    right, left = (collate(examples(), 0, side=side) for side in ("right", "left"))
    rows = torch.arange(6)
    with torch.no_grad():
        before, below = model(**right.inputs()).logits[rows, right.positions], block_output(model, right.inputs(), 1)
    stack = carried(model, "reft", rank=2, layers=(1,))
    edited = stack.forward(right).logits[rows, right.positions]
    assert (edited - before).abs().max() > 1e-4
    torch.testing.assert_close(stack.forward(left).logits[rows, left.positions], edited, rtol=1e-4, atol=1e-5)
    moved = (stack.states(right, 1).hidden - below).abs().amax(dim=-1)
    assert moved.shape == right.input_ids.shape
    assert moved[rows, right.positions].min() > 1e-4
    assert moved.nonzero()[:, 1].tolist() == right.positions.tolist()
    assert width(model) == 32


@kinds
def test_the_head_is_run_at_the_wanted_positions_alone(kind: str) -> None:
    stack = carried(tiny(kind), "reft", rank=2, layers=(1,))
    batch = collate(examples(), 0)
    wanted = (batch.labels != IGNORE_INDEX) & (torch.arange(batch.labels.shape[1]) % 2 == 0)
    with torch.no_grad():
        found, _ = stack.logits_at(batch, wanted)
        every = stack.forward(batch).logits
    assert found.shape == (int(wanted.sum()), every.shape[-1])
    torch.testing.assert_close(found, every[wanted], rtol=1e-6, atol=1e-6)


@kinds
def test_adapters_lie_on_the_blocks_alone(kind: str) -> None:
    stack = carried(tiny(kind), "lora", **KEYS["lora"])
    adapted = [name for name, _ in stack.model.named_parameters() if ".lora_" in name]
    inside = [name for name, _ in blocks(stack.model).named_parameters() if ".lora_" in name]
    assert len(adapted) == len(inside) > 0


@kinds
def test_costs_read_every_config(kind: str) -> None:
    found = Shapes.of_model(tiny(kind).config)
    assert (found.hidden, found.layers, found.heads, found.vocabulary) == (32, 2, 4, WORDS)
    assert found.intermediate > 0


@pytest.mark.parametrize("kind", ["llama", "gpt_neox", "mixtral", "qwen2_moe", "gpt2"])
@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("beneath", ["", "lora"])
def test_all_weights_come_back_from_several_files_tied_or_not(
    tmp_path: Path, kind: str, tied: bool, beneath: str
) -> None:
    def stacked() -> Stack:
        stack = Stack(tiny(kind, tie_word_embeddings=tied))
        for name in filter(None, (beneath, "full")):
            stack.attach(carrier(name, **KEYS[name]), 0)
        return stack

    stack = stacked()
    train(stack)
    stack.save(tmp_path)
    whole = load_model(tmp_path / FOLDER)
    for file in (tmp_path / FOLDER).glob("model*"):
        file.unlink()
    whole.save_pretrained(tmp_path / FOLDER, max_shard_size="20KB")
    assert len(list((tmp_path / FOLDER).glob("model-*.safetensors"))) > 1
    again = stacked()
    again.top.load(tmp_path / FOLDER, 1.0)
    again.model.eval()
    torch.testing.assert_close(logits(again), logits(stack), rtol=0, atol=0)


def test_packing_and_the_tests_know_no_other_architectures() -> None:
    assert set(PACKABLE) <= set(SUPPORTED)
    assert set(OWN) <= set(SUPPORTED)


def test_a_model_whose_blocks_are_not_certain_is_refused() -> None:
    model = tiny("llama")
    model.model.more = nn.ModuleList(nn.Linear(2, 2) for _ in range(2))
    with pytest.raises(
        BadInput, match="architecture 'llama': 2 lists of modules may be its decoder blocks, expected one"
    ):
        blocks(model)


def test_as_many_experts_as_blocks_are_not_taken_for_blocks() -> None:
    model = tiny("llama")
    for inner in model.model.layers:
        inner.experts = nn.ModuleList(nn.Linear(2, 2) for _ in range(2))
    assert blocks(model) is model.model.layers


def test_another_architecture_is_refused_before_its_weights_are_read(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "mamba"}))
    for refused in (lambda: check_architecture("models.yaml: m.repo", tmp_path), lambda: load_model(tmp_path)):
        with pytest.raises(
            BadInput, match=r"Unknown architecture 'mamba'\..* Available: apertus, .*bloom, .*qwen3, .*stablelm"
        ):
            refused()


@pytest.mark.parametrize(
    ("text", "told"),
    [(None, "holds no config.json"), ("{", "is no JSON object"), ("[]", "is no JSON object"), ("{}", "'None'")],
)
def test_a_folder_that_is_no_models_is_refused(tmp_path: Path, text: str | None, told: str) -> None:
    if text is not None:
        (tmp_path / "config.json").write_text(text)
    with pytest.raises(BadInput, match=told):
        check_architecture("models.yaml: m.repo", tmp_path)


@kinds
def test_names_of_a_blocks_parameters_are_known_without_weights(tmp_path: Path, kind: str) -> None:
    """From the config alone as in the model; from the saved file too, but for architectures that are known to rename."""
    model = tiny(kind)
    own = [{name for name, _ in block.named_parameters()} for block in blocks(model)]
    model.save_pretrained(tmp_path)
    stored = parameters_of(tmp_path, 2)
    if kind in RENAMED:
        assert stored is None
    else:
        assert stored is not None
        assert all(names <= found for names, found in zip(own, stored, strict=True))  # buffers are stored, too
    (tmp_path / "model.safetensors").unlink()
    assert block_parameters(tmp_path) == own


def test_names_are_read_of_a_model_in_several_files_and_of_one_from_scratch(tmp_path: Path) -> None:
    model = tiny("llama")
    model.save_pretrained(tmp_path, max_shard_size="20KB")
    own = {name for name, _ in block(model, 0).named_parameters()}
    assert parameters_of(tmp_path, 2) == [own, own] == parameters_of(None, 2)
    built = build(MODEL.architecture, words(eos_token="<eos>", pad_token="<pad>"), 0)
    assert {name for name, _ in block(built, 1).named_parameters()} == own
    for file in tmp_path.glob("*.safetensors*"):
        file.unlink()
    assert parameters_of(tmp_path, 2) is None  # other formats are not read; prefetch knows


def test_a_name_that_a_block_has_not_is_refused_with_those_that_it_has() -> None:
    check_parameter("here", "a.weight", (0, 1), [["a.weight"], ["a.weight"]])
    check_parameter("here", "a.weight", (0, 1), None)
    with pytest.raises(BadInput, match=r"here: got 'a.weight', expected a parameter of block 1: b.bias, c.weight\."):
        check_parameter("here", "a.weight", (0, 1), [["a.weight"], ["c.weight", "b.bias"]])
