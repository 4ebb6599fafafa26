"""Any two carriers on one model: what a new one leaves as it is, what is trained, saved, restored and refused."""

import itertools
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import PreTrainedTokenizerFast

from grunflow.carriers.chain import restored
from grunflow.carriers.stack import FOLDER, Stack
from grunflow.config.models import Architecture, Model
from grunflow.errors import BadInput
from grunflow.fixtures.parts import carrier
from grunflow.manifest import checksums, identities_of, output_folder

KEYS: dict[str, dict[str, Any]] = {
    "full": {},
    "lora": {"rank": 2, "alpha": 8, "dropout": 0.5},
    "reft": {"rank": 2, "layers": (1, 2)},
    "grun": {"rank": 2, "layers": (0, 2), "gate": "linear", "gate_weight": 1},
}
PAIRS = list(itertools.product(KEYS, KEYS))
SCRATCH = Model(name="tiny", architecture=Architecture(hidden_size=32, layers=4, heads=4))
pairs = pytest.mark.parametrize(("beneath", "top"), PAIRS)


def nudge(stack: Stack, seed: int = 7) -> None:
    """The outermost carrier as if it had been trained."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in stack.trained():
            parameter.add_(0.05 * torch.randn(parameter.shape, generator=generator))


def stacked(model: Any, *names: str) -> Stack:
    """Carriers of these names, all but the last as if trained."""
    stack = Stack(model)
    for number, name in enumerate(names):
        if number:
            nudge(stack, number)
        stack.attach(carrier(name, **KEYS[name]), number)
    stack.model.eval()
    return stack


def logits(stack: Stack, batch: Any) -> Tensor:
    with torch.no_grad():
        return stack.forward(batch).logits


def everything(stack: Stack) -> dict[str, Tensor]:
    """Every parameter of the model and of the carriers on it, by name."""
    modules = {"model": stack.model, **{str(at): part.trained_module for at, part in enumerate(stack.carriers)}}
    found = {f"{place}.{name}": value for place, module in modules.items() for name, value in module.named_parameters()}
    return {name: value.detach().clone() for name, value in found.items()}


def train(stack: Stack, batch: Any, steps: int = 3) -> None:
    """As training/loop.py does: AdamW on what of the top's module requires a gradient."""
    stack.model.train()
    parameters = [value for value in stack.top.trained_module.parameters() if value.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=0.01, weight_decay=0.0)
    torch.manual_seed(0)
    for _ in range(steps):
        optimizer.zero_grad()
        stack.forward(batch).logits.log_softmax(-1)[..., 5].mean().backward()
        optimizer.step()
    stack.model.eval()


def shut(stack: Stack) -> None:
    """A gate that never opens, or an edit of no strength."""
    for edit in stack.top.edits.values():
        if edit.gate is None:
            edit.strength = 0.0
        else:
            torch.nn.init.constant_(edit.gate.bias, -1e9)


@pairs
def test_a_new_carrier_that_does_nothing_yet_changes_no_logit(make_model, batch, beneath: str, top: str) -> None:
    """LoRA's B is 0, full is the model beneath, an edit is shut."""
    stack = stacked(make_model(), beneath)
    nudge(stack)
    before = logits(stack, batch)
    assert not torch.equal(before, logits(Stack(make_model()), batch))
    stack.attach(carrier(top, **KEYS[top]), 1)
    stack.model.eval()
    shut(stack)
    assert torch.equal(logits(stack, batch), before)


@pairs
def test_training_moves_the_top_alone(make_model, batch, beneath: str, top: str) -> None:
    stack = stacked(make_model(), beneath, top)
    own = {id(parameter) for parameter in stack.trained()}
    asked = {id(p) for p in [*stack.model.parameters(), *stack.top.trained_module.parameters()] if p.requires_grad}
    assert own == asked
    before, said = everything(stack), logits(stack, batch)
    train(stack, batch)
    moved = [name for name, value in everything(stack).items() if not torch.equal(value, before[name])]
    alive = {f"{place}.{name}" for place, module in (("model", stack.model), ("1", stack.top.trained_module))
             for name, value in module.named_parameters() if id(value) in own}  # fmt: skip
    assert moved
    assert set(moved) <= alive | {name for name in before if name.startswith("0.") and f"model.{name[2:]}" in alive}
    assert not torch.equal(logits(stack, batch), said)


@pairs
def test_dropout_of_what_lies_beneath_is_off_while_the_top_is_trained(
    make_model, batch, beneath: str, top: str
) -> None:
    stack = stacked(make_model(), beneath, top)
    calm = logits(stack, batch)  # a new LoRA's own dropout acts on what its B = 0 lets through
    stack.model.train()
    torch.manual_seed(1)
    assert torch.equal(logits(stack, batch), calm)


class Runs:
    """Finished folders, as the stages leave them."""

    def __init__(self, folder: Path, make_model: Any) -> None:
        self.folder, self.make_model = folder, make_model

    def finish(self, name: str, links: list[Path], write: Any) -> Path:
        out = self.folder / name
        inputs = identities_of({"start": links}) if links else {}
        with output_folder(out, spec={"name": name}, code="", inputs=inputs) as (draft, _):
            write(draft)
        return out

    def start(self, name: str = "z_start", shift: float = 0.0) -> Path:
        """A fine-tuned model; its name comes last, so that the order of folders is not that of the chain."""

        def write(draft: Path) -> None:
            from tokenizers import Tokenizer, models

            model = self.make_model()
            with torch.no_grad():
                model.lm_head.weight.add_(shift)
            model.save_pretrained(draft)
            words = Tokenizer(models.WordLevel({"<eos>": 0, "<unk>": 1}, unk_token="<unk>"))
            PreTrainedTokenizerFast(tokenizer_object=words, eos_token="<eos>").save_pretrained(draft)

        return self.finish(name, [], write)

    def run(self, name: str, links: list[Path], kind: str) -> Path:
        """A run of carrier `kind` that started from `links`."""
        stack = restored(SCRATCH, links).stack
        stack.attach(carrier(kind, **KEYS[kind]), 3)
        nudge(stack, len(links))
        return self.finish(name, links, stack.save)


@pytest.fixture
def runs(tmp_path: Path, make_model: Any) -> Runs:
    return Runs(tmp_path, make_model)


@pairs
def test_a_chain_comes_back_with_the_same_logits_and_bytes(
    runs: Runs, batch: Any, tmp_path: Path, beneath: str, top: str
) -> None:
    """And at share 0 it is what the last run started from, at 1 the run, exactly; between them neither."""
    start = runs.start()
    first = runs.run("b_first", [start], beneath)
    trained = restored(SCRATCH, [start, first]).stack
    said_before = logits(trained, batch)
    trained.attach(carrier(top, **KEYS[top]), 3)
    train(trained, batch)
    said = logits(trained, batch)
    last = runs.finish("a_last", [start, first], trained.save)
    again = restored(SCRATCH, [start, first, last]).stack
    assert [part.spec.kind for part in again.carriers] == [beneath, top]
    assert not any(parameter.requires_grad for parameter in [*again.model.parameters(), *again.trained()])
    assert torch.equal(logits(again, batch), said)
    (tmp_path / "again").mkdir()
    again.save(tmp_path / "again")
    assert checksums(tmp_path / "again" / FOLDER) == checksums(last / FOLDER)
    shares = {share: logits(restored(SCRATCH, [start, first, last], share).stack, batch) for share in (0.0, 0.5, 1.0)}
    assert torch.equal(shares[0.0], said_before)
    assert torch.equal(shares[1.0], said)
    assert not torch.equal(shares[0.5], said)
    assert not torch.equal(shares[0.5], said_before)


def test_the_saved_names_of_adapted_layers_are_in_order(make_model, tmp_path: Path) -> None:
    """They come from a set, whose order follows PYTHONHASHSEED."""
    stack = stacked(make_model(), "lora", "lora")
    stack.save(tmp_path)
    (config,) = (tmp_path / FOLDER).rglob("adapter_config.json")
    names = json.loads(config.read_text())["target_modules"]
    assert names == sorted(names)
    assert len(names) == 7


@pytest.mark.parametrize("kind", KEYS)
def test_a_share_of_a_single_carrier_lies_between_start_and_run(runs: Runs, batch: Any, kind: str) -> None:
    start = runs.start()
    run = runs.run("run", [start], kind)
    shares = {share: logits(restored(SCRATCH, [start, run], share).stack, batch) for share in (0.0, 1.0)}
    assert torch.equal(shares[0.0], logits(restored(SCRATCH, [start]).stack, batch))
    assert torch.equal(shares[1.0], logits(restored(SCRATCH, [start, run]).stack, batch))
    assert not torch.equal(shares[0.0], shares[1.0])


@pytest.mark.parametrize("beneath", [None, *KEYS])
def test_a_whole_model_is_read_in_place_of_what_it_was_made_from(runs: Runs, batch: Any, beneath: str | None) -> None:
    """But at a share, which lies between the two, and where adapters stay around its layers."""
    start = runs.start()
    first = [runs.run("b_first", [start], beneath)] if beneath else []
    last = runs.run("a_last", [start, *first], "full")
    said = logits(restored(SCRATCH, [start, *first, last]).stack, batch)
    (start / "model.safetensors").unlink()
    for link in first if beneath == "full" else []:
        (link / FOLDER / "model.safetensors").unlink()
    if beneath == "lora":
        with pytest.raises(BadInput, match=r"z_start: .*no model\.safetensors"):
            restored(SCRATCH, [start, *first, last])
    else:
        assert torch.equal(logits(restored(SCRATCH, [start, *first, last]).stack, batch), said)
    with pytest.raises(BadInput, match=r": .*no model\.safetensors"):
        restored(SCRATCH, [start, *first, last], share=0.5)


def test_a_whole_model_of_another_shape_is_refused(runs: Runs) -> None:
    start = runs.start()
    run = runs.run("run", [start], "full")
    config = run / FOLDER / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"intermediate_size": 8}))
    with pytest.raises(BadInput, match=r"run/carrier: its weights are of another model; run the stage again"):
        restored(SCRATCH, [start, run])


def test_a_chain_that_lacks_a_link_or_holds_a_foreign_one_is_refused(runs: Runs) -> None:
    start, other = runs.start(), runs.start("y_other", shift=0.1)
    first = runs.run("b_first", [start], "lora")
    second = runs.run("a_second", [start, first], "grun")
    restored(SCRATCH, [start, first, second])
    with pytest.raises(
        BadInput, match=r"a_second: was trained on something else than \S*z_start; run the stage that makes"
    ):
        restored(SCRATCH, [start, second])
    with pytest.raises(BadInput, match=r"b_first: was trained on something else than \S*y_other; run the stage"):
        restored(SCRATCH, [other, first])
    with pytest.raises(BadInput, match=r"b_first: was trained on something else than \S*y_other; run the stage"):
        restored(SCRATCH, [other, first, second])
    with pytest.raises(BadInput, match=r"a_second: was trained on something else than \S*z_start; run the stage"):
        restored(SCRATCH, [start, second, first])
    with pytest.raises(BadInput, match="model tiny is trained from scratch; name the folder of its base"):
        restored(SCRATCH, [first, second])
    on_hub = SCRATCH.model_copy(update={"repo": str(start)})
    with pytest.raises(BadInput, match="b_first: was trained on something else than the hub's model"):
        restored(on_hub, [first])


def test_a_start_that_was_made_again_with_other_bytes_is_foreign(runs: Runs) -> None:
    start = runs.start()
    run = runs.run("run", [start], "reft")
    runs.start(shift=0.1)
    with pytest.raises(BadInput, match="run: was trained on something else"):
        restored(SCRATCH, [start, run])


def test_an_unfinished_or_discarded_link_is_refused(runs: Runs, tmp_path: Path) -> None:
    start = runs.start()
    (tmp_path / "cut").mkdir()
    with pytest.raises(BadInput, match=r"cut: is unfinished \(no manifest\.json\); run the stage"):
        restored(SCRATCH, [start, tmp_path / "cut"])
    bare = runs.finish("bare", [start], lambda draft: None)
    with pytest.raises(BadInput, match=r"bare: holds no trained carrier \(was it discarded, .*\); unlearn again"):
        restored(SCRATCH, [start, bare])
