"""Every carrier: what it trains, that a saved one comes back the same, and that one of the user's own acts everywhere."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import PreTrainedTokenizerFast

from grunflow.carriers.base import Carrier
from grunflow.carriers.stack import Stack
from grunflow.config import facts
from grunflow.config.facts import CARRIER
from grunflow.config.models import Architecture, Model
from grunflow.config.outside import digest_of_file
from grunflow.config.parts import CarrierSpec, Training
from grunflow.config.sets import Paired
from grunflow.config.specs import Unlearn
from grunflow.data.prompts import Example
from grunflow.errors import BadInput
from grunflow.evaluation.answering import Asker
from grunflow.fixtures.parts import carried, objective
from grunflow.interventions.gate import GATES
from grunflow.manifest import output_folder
from grunflow.stages import unlearn
from grunflow.training.engine import plain_reason
from grunflow.work import Work

KEYS: dict[str, dict[str, Any]] = {
    "full": {},
    "lora": {"rank": 2, "alpha": 4, "dropout": 0.0},
    "reft": {"rank": 2, "layers": (1, 2)},
    "grun": {"rank": 2, "layers": (1, 2), "gate": "linear", "gate_weight": 1},
}
# Of the user's own, neither states PACKABLE: a hook on a block, and a class that extends one whose edits could be packed.
HOOK = """
from contextlib import contextmanager

import torch
from torch import nn

from grunflow.carriers.base import Carrier
from grunflow.models.blocks import block

TRAINS = "edits"
PARAMETERS = {"layer": 1}


class Shift(Carrier):
    def __init__(self, spec, model, beneath=()):
        super().__init__(spec, model, beneath)
        model.requires_grad_(False)
        self.shift = nn.ParameterDict({"added": torch.full((model.config.hidden_size,), 0.5)})

    @property
    def trained_module(self):
        return self.shift

    @contextmanager
    def acting(self, positions):
        handle = block(self.model, self.spec.layer).register_forward_hook(lambda *seen: seen[-1] + self.shift["added"])
        try:
            yield []
        finally:
            handle.remove()

    def save(self, folder):
        torch.save(self.shift.state_dict(), folder / "shift.pt")

    def load(self, folder, share):
        self.shift.load_state_dict(torch.load(folder / "shift.pt"))


CLASS = Shift
"""
EXTENDING = """
from contextlib import contextmanager

from grunflow.carriers.representation import Representation
from grunflow.models.blocks import block

TRAINS = "edits"
PARAMETERS = {"rank": 2, "layers": None}


class Louder(Representation):
    @contextmanager
    def acting(self, positions):
        handle = block(self.model, 0).register_forward_hook(lambda *seen: 1.5 * seen[-1])
        try:
            with super().acting(positions) as gates:
                yield gates
        finally:
            handle.remove()


CLASS = Louder
"""
OWN = {
    "hook": (HOOK, {"layer": 1}, 32),
    "extending": (EXTENDING, {"rank": 2, "layers": (2, 3)}, 2 * (2 * 32 + 2 * 32 + 2)),
}  # source, keys, trained parameters


def test_a_config_may_use_every_carrier_that_has_a_file() -> None:
    assert facts.names(CARRIER) == tuple(sorted(KEYS))


def test_the_gates_that_a_config_may_name_are_those_that_there_are() -> None:
    assert set(facts.facts(facts.file_of(CARRIER, "grun"))["LIMITS"]["gate"]) == set(GATES)


@pytest.mark.parametrize("name", KEYS)
def test_a_carrier_may_be_packed_where_its_file_says_so(make_model, name: str) -> None:
    told = facts.facts(facts.file_of(CARRIER, name))
    assert carried(make_model(), name, **KEYS[name]).packable is told.get("PACKABLE", False)


@pytest.mark.parametrize("name", KEYS)
def test_a_saved_carrier_comes_back_with_equal_logits(make_model, batch, tmp_path: Path, name: str) -> None:
    stack = carried(make_model(), name, seed=3, **KEYS[name])
    with torch.no_grad():
        for parameter in stack.trained():
            parameter.add_(0.01 * torch.randn_like(parameter))
    stack.model.eval()
    stack.save(tmp_path)
    restored = Stack(make_model())
    restored.restore(tmp_path)
    restored.model.eval()
    assert torch.equal(stack.forward(batch).logits, restored.forward(batch).logits)
    assert not torch.equal(stack.forward(batch).logits, make_model()(input_ids=batch.input_ids).logits)


@pytest.mark.parametrize("name", ["reft", "grun"])
def test_edits_are_stored_compactly_and_files_that_hold_torchs_base_are_still_read(
    make_model, batch, tmp_path: Path, name: str
) -> None:
    """R, W, b and the gate: as many numbers as are trained, and what a training run holds bit for bit."""
    stack = carried(make_model(), name, seed=3, **KEYS[name])
    for parameter in stack.trained():
        parameter.data.add_(0.1 * torch.randn_like(parameter).tril(-1) if parameter.ndim > 1 else 0.1)
    stack.save(tmp_path)
    (file,) = tmp_path.rglob("*.safetensors")
    found = load_file(file)
    assert sum(tensor.numel() for tensor in found.values()) == sum(p.numel() for p in stack.trained())
    assert torch.equal(found["1.R"], stack.edits[1].loreft.rotation.weight)
    again = Stack(make_model())
    again.restore(tmp_path)
    for edit, own in zip(again.edits.values(), stack.edits.values(), strict=True):
        basis = edit.loreft.rotation.parametrizations.weight[0].base  # trained on, R would move along it
        assert torch.allclose(basis.T @ basis, torch.eye(len(basis)), atol=1e-5)
        assert torch.equal(edit.loreft.rotation.weight, own.loreft.rotation.weight)
    whole = {name: tensor.contiguous() for name, tensor in stack.top.modules.state_dict().items()}
    save_file(whole, file)  # as versions before stored it
    earlier = Stack(make_model())
    earlier.restore(tmp_path)
    assert torch.equal(earlier.forward(batch).logits, stack.forward(batch).logits)
    save_file({key: value for key, value in found.items() if key != "1.W"}, file)
    with pytest.raises(RuntimeError, match=r"W: none, expected \(2, "):
        Stack(make_model()).restore(tmp_path)


def test_a_folder_without_a_carrier_is_never_taken_for_an_unlearned_model(make_model, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"holds no trained carrier .*unlearn again"):
        Stack(make_model()).restore(tmp_path)


def test_a_new_carrier_follows_from_its_seed_alone(make_model) -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    for name in ("lora", "reft", "grun"):
        torch.manual_seed(5)
        one, same, other = (carried(make_model(), name, seed=seed, **KEYS[name]) for seed in (1, 1, 2))
        values = [torch.cat([parameter.flatten() for parameter in stack.trained()]) for stack in (one, same, other)]
        assert torch.equal(values[0], values[1])
        assert not torch.equal(values[0], values[2])
    torch.manual_seed(5)
    stack = Stack(make_model())  # seeds the global generator itself
    torch.manual_seed(5)
    stack.attach(one.top.spec, 9)
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("name", ["lora", "reft", "grun"])
def test_only_what_is_added_is_trained(make_model, batch, name: str) -> None:
    model = make_model()
    base = {key: value.clone() for key, value in model.state_dict().items()}
    stack = carried(model, name, seed=3, **KEYS[name])
    optimizer = torch.optim.AdamW(stack.trained(), lr=0.1, weight_decay=0)
    for _ in range(2):
        stack.forward(batch).logits.square().mean().backward()
        optimizer.step()
    after = {key.replace("base_layer.", ""): value for key, value in stack.model.state_dict().items()}
    for key, value in base.items():
        assert torch.equal(value, after[key]), key


class Words:
    """A tokenizer's half that evaluation reads."""

    pad_token_id, eos_token_id = 0, 0

    def decode(self, ids: list[int], **ignored: Any) -> str:
        return " ".join(map(str, ids))


def own(name: str, folder: Path) -> tuple[CarrierSpec, Path]:
    source, keys, _ = OWN[name]
    path = folder / f"{name}.py"
    path.write_text(source)
    return CarrierSpec(name=name, file=digest_of_file(path), **keys), path


@pytest.mark.parametrize("name", OWN)
def test_a_carrier_that_does_not_say_that_it_may_be_packed_acts_when_it_is_asked(
    make_model, tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    spec, path = own(name, tmp_path)
    stack = Stack(make_model())
    stack.attach(spec, 0, [path])
    examples = [Example([5, 9, 11, 7, 0], 3), Example([8, 21, 0], 2)]

    def asked(stack: Stack, engine: str) -> tuple[list[float], list[str]]:
        found, texts = Asker(stack, Words(), engine, 6, 4).ask(examples, [0, 1])
        return found.nll_sum.tolist(), texts

    with caplog.at_level(logging.INFO):
        found = asked(stack, "fast")
    assert "plain evaluation: " in caplog.text
    assert found == asked(stack, "plain")
    assert found != asked(stack.view(0), "plain")
    assert plain_reason("fast", objective("gd"), stack, 8) is not None


def made(folder: Path, make_model: Any) -> dict[str, list[Path]]:
    """Finished folders of data and of a start."""
    with output_folder(folder / "data", spec={}, code="", inputs={}) as (draft, _):
        for file in ("forget", "retain"):
            rows = [{"question": f"who {file} {index} ?", "answer": f"a {index} c"} for index in range(4)]
            (draft / f"{file}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        (draft / "refusals.json").write_text(json.dumps(["I do not know"]))
    with output_folder(folder / "start", spec={}, code="", inputs={}) as (draft, _):
        from tokenizers import Tokenizer, models, pre_tokenizers

        words = [
            "<eos>",
            "<unk>",
            "Question",
            ":",
            "Answer",
            "who",
            "forget",
            "retain",
            *map(str, range(4)),
            "?",
            "a",
            "c",
        ]
        tokenizer = Tokenizer(models.WordLevel({word: at for at, word in enumerate(words)}, unk_token="<unk>"))
        tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
        PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<eos>").save_pretrained(draft)
        make_model().save_pretrained(draft)
    return {"data": [folder / "data"], "start": [folder / "start"]}


def values_of(carrier: Carrier) -> list[Tensor]:
    """What is trained: of a rotation its value, which several parameters of torch's may stand for."""
    named = carrier.trained_module.named_parameters()
    plain = [value for name, value in named if "parametrizations" not in name]
    return [*plain, *(edit.loreft.rotation.weight for edit in carrier.edits.values())]


@pytest.mark.parametrize("name", OWN)
def test_it_is_trained_on_the_plain_path_and_its_parameters_are_counted(
    make_model, batch, tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    carrier, path = own(name, tmp_path)
    spec = Unlearn(
        benchmark="tofu", model=Model(name="tiny", architecture=Architecture(hidden_size=32, layers=4, heads=4)),
        stream=Paired(forget="forget.jsonl", retain="retain.jsonl", refusals="refusals.json"), engine="fast",
        objective=objective("gd").spec, carrier=carrier, unlearn_seed=1,
        training=Training(learning_rate=0.01, steps=3, batch_size=2),
    )  # fmt: skip
    (tmp_path / "run").mkdir()
    with caplog.at_level(logging.INFO):
        measured = unlearn.run(spec, Work(made(tmp_path, make_model), tmp_path / "run", files=(path,)))
    assert "texts are padded: " in caplog.text
    assert measured["trained_parameters"] == OWN[name][2]
    new, trained = Stack(make_model()), Stack(make_model())
    new.attach(carrier, 0, [path])
    trained.restore(tmp_path / "run", files=[path])
    assert all(not torch.equal(a, b) for a, b in zip(values_of(new.top), values_of(trained.top), strict=True))
    with torch.no_grad():
        assert not torch.equal(trained.forward(batch).logits, trained.view(0).forward(batch).logits)
