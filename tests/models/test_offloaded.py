"""A model of which blocks wait outside the device gives the numbers of the whole one. Here the device is the CPU, and they wait in their
files; on a GPU first in the host's memory."""

from pathlib import Path

import pytest
import torch
from accelerate.hooks import AlignDevicesHook
from tests.models.test_partly import BLOCKS, saved

from grunflow.carriers.stack import Stack
from grunflow.config.models import Architecture, Model
from grunflow.config.parts import CarrierSpec
from grunflow.data.batching import collate
from grunflow.data.prompts import Example
from grunflow.errors import BadInput
from grunflow.evaluation import streamed
from grunflow.evaluation.answering import Asker
from grunflow.models import offloaded
from grunflow.models.loading import load_model
from grunflow.models.partly import resident_bytes
from grunflow.models.rounding import round_linears

GRUN = {"name": "grun", "kind": "grun", "rank": 2, "layers": [1, 3], "gate": "linear", "gate_weight": 1}
LORA = {"name": "lora", "kind": "lora", "rank": 2, "alpha": 4, "dropout": 0.0}


class Tokens:
    """Ids are their own words."""

    pad_token_id, eos_token_id = 0, 0

    def decode(self, ids: list[int], **_: object) -> str:
        return " ".join(map(str, ids))


def started(folder: Path, dtype: str = "float32"):
    return offloaded.start_model(
        Model(name="m", architecture=Architecture(hidden_size=32, layers=BLOCKS), dtype=dtype), [folder]
    )


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model on a device that has room for all that is outside blocks, and for two blocks and a half."""
    place = saved(tmp_path / "model", "llama")
    whole = load_model(place)
    block = resident_bytes(whole.model.layers[0])
    outside = resident_bytes(whole) - BLOCKS * block
    monkeypatch.setattr(offloaded, "gpu_bytes", lambda: int((outside + 2.5 * block) / 0.6))
    return place


def edited(model, carrier: dict) -> Stack:
    found = Stack(model)
    found.attach(CarrierSpec.model_validate(carrier), 3)
    with torch.no_grad():
        for number, part in enumerate(found.top.trained()):
            part.add_(torch.linspace(-0.5, 0.5, part.numel()).view_as(part) * (number + 1) / 10)
    return found


def asked(model, carrier: dict, engine: str) -> tuple:
    examples = [Example([7, 9, 11 + row, 5, 8, 0], 3) for row in range(6)]
    found, texts = Asker(edited(model, carrier), Tokens(), engine, 5, 4).ask(examples, continued=range(6))
    return found.nll_sum.tolist(), found.gates.tolist(), texts


@pytest.mark.parametrize("engine", ["fast", "plain"])
def test_what_it_says_is_what_the_whole_model_says(folder: Path, engine: str) -> None:
    part = started(folder)
    waiting = {name for name, parameter in part.named_parameters() if parameter.is_meta}
    assert {name.split(".")[2] for name in waiting} == {"2", "3", "4"}
    assert offloaded.is_offloaded(part)
    held = resident_bytes(part)
    assert asked(part, GRUN, engine) == asked(load_model(folder), GRUN, engine)
    assert resident_bytes(part) == held  # nothing that was lent is kept


@pytest.mark.parametrize(("packable", "times"), [(True, 3), (False, 7)])
def test_what_is_scored_alone_reads_a_waiting_block_once_for_several_batches(
    packable: bool, times: int, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seven batches, three at a time, through three blocks that wait; one at a time under a carrier that may do more than edit."""
    lists = [[Example([7, 9, 11 + row, 5 + batch, 8, 0][: 4 + row], 3) for row in range(3)] for batch in range(7)]
    batches = [collate(examples, 0) for examples in lists]
    put = [(batch, batch.attention_mask.bool() & (batch.input_ids % 2 == 1)) for batch in batches]
    part, whole = (edited(model, GRUN) for model in (started(folder), load_model(folder)))
    part.top.packable = packable
    reads: list[torch.nn.Module] = []
    lent = AlignDevicesHook.pre_forward

    def watched(hook: AlignDevicesHook, module: torch.nn.Module, *inputs: object, **named: object) -> object:
        if hook.offload:
            reads.append(module)
        return lent(hook, module, *inputs, **named)

    monkeypatch.setattr(AlignDevicesHook, "pre_forward", watched)
    with torch.no_grad():
        each = streamed._bytes(streamed._before(part, *put[0]))
    assert 3 * 6 * 32 * 4 < each < 2 * 3 * 6 * 32 * 4  # three rows of six tokens in float32, masks and angles
    monkeypatch.setattr(streamed, "STATES", 2.5 * each / offloaded.gpu_bytes())
    held = resident_bytes(part.model)
    with torch.no_grad():
        found, expected = list(streamed.logits_of(part, put)), list(streamed.logits_of(whole, put))
    assert resident_bytes(part.model) == held
    for (logits, gates), (wanted, opened) in zip(found, expected, strict=True):
        assert torch.equal(logits, wanted)
        assert len(gates) == len(opened) == 2
        assert all(map(torch.equal, gates, opened))
    of_one_block = [module for module in part.model.model.layers[2].modules() if list(module.parameters(recurse=False))]
    assert len(reads) == times * 3 * len(of_one_block)
    assert [reads.count(module) for module in of_one_block] == [times] * len(of_one_block)


def test_a_block_that_cannot_be_read_whole_leaves_nothing_behind(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    part = started(folder)
    held, (first, second, *_) = resident_bytes(part), offloaded._waiting(part.model.layers[2])
    monkeypatch.setattr(second[1], "pre_forward", lambda module: 1 / 0)
    with pytest.raises(ZeroDivisionError), offloaded.read_once(part.model.layers[2]):
        pass
    assert resident_bytes(part) == held
    assert first[1].offload
    assert second[1].offload


def test_weights_of_another_type_than_their_files(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    size = offloaded.gpu_bytes()
    assert size is not None
    monkeypatch.setattr(offloaded, "gpu_bytes", lambda: size // 2)
    part = started(folder, "bfloat16")
    assert offloaded.is_offloaded(part)
    assert asked(part, GRUN, "fast") == asked(load_model(folder, "bfloat16"), GRUN, "fast")


def test_what_fits_is_loaded_whole(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offloaded, "gpu_bytes", lambda: 2**30)
    whole = started(folder)
    assert not any(parameter.is_meta for parameter in whole.parameters())
    assert not offloaded.is_offloaded(whole)


def test_what_works_on_the_weights_is_refused(folder: Path) -> None:
    part = started(folder)
    with pytest.raises(BadInput, match="carrier lora: the model is larger than this GPU, on which only edits"):
        asked(part, LORA, "plain")
    with pytest.raises(BadInput, match="rounded weights: the model is larger than this GPU"):
        round_linears(started(folder), "int8")


def test_on_a_gpu_blocks_wait_in_the_hosts_memory_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Room for one block on the GPU and for two more on the host, of five; all that is outside blocks stays on the GPU."""
    place = saved(tmp_path / "model", "llama", tied=False)
    whole = load_model(place)
    block = resident_bytes(whole.model.layers[0])
    outside = resident_bytes(whole) - BLOCKS * block
    monkeypatch.setattr(offloaded, "placement", lambda: {"device_map": 0})
    monkeypatch.setattr(offloaded.host_memory, "free", lambda: int(2.5 * block / 0.8))
    places = offloaded._places(place, None, torch.float32, int((outside + 1.5 * block) / 0.6))
    assert places == {
        "model.embed_tokens": 0, "model.norm": 0, "model.rotary_emb": 0, "lm_head": 0,
        "model.layers.0": 0, "model.layers.1": "cpu", "model.layers.2": "cpu", "model.layers.3": "disk", "model.layers.4": "disk",
    }  # fmt: skip
    assert offloaded._places(place, None, torch.float32, 2 * resident_bytes(whole)) is None


def test_an_unknown_architecture_is_refused_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    monkeypatch.setattr(offloaded, "gpu_bytes", lambda: 2**30)
    with pytest.raises(BadInput, match="architecture"):
        started(tmp_path)
