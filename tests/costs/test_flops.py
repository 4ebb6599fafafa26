"""The closed forms against torch's counter, parameters against real models."""

from collections.abc import Callable

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from grunflow.carriers.stack import Stack
from grunflow.config.models import Architecture
from grunflow.config.parts import CarrierSpec
from grunflow.config.reading import read_study
from grunflow.config.typed import read_yaml
from grunflow.costs import flops
from grunflow.costs.shapes import Shapes
from grunflow.data.batching import collate
from grunflow.data.prompts import Example
from grunflow.interventions.gate import GATES
from grunflow.objectives.states import control_vector
from grunflow.training.frozen_pack import pack
from grunflow.training.frozen_states import frozen_rows
from grunflow.training.step import Texts, step_flops, step_loss
from grunflow.training.text_pack import text_pack
from tests.costs.made_up import carrier_of, objective_of

CARRIERS = {
    "full": carrier_of("full"),
    "one matrix of two blocks": carrier_of("full", layers=(1, 2), parameters="mlp.down_proj.weight"),
    "lora": carrier_of("lora", rank=4, alpha=4, dropout=0.05),
    "reft": carrier_of("reft", rank=4, layers=(1, 3)),
    "grun": carrier_of("grun", rank=4, layers=(2, 3), gate="mlp_3", gate_weight=1),
}


def attached(model: torch.nn.Module, spec: CarrierSpec) -> Stack:
    stack = Stack(model)
    stack.attach(spec, 0)
    return stack


def attention(query, key, value, *args, out_shape=None, **kwargs) -> int:
    """The counter takes sdpa on a CPU for nothing."""
    return 4 * query[0] * query[1] * query[2] * key[2] * query[3]


def attention_back(gradient, query, key, value, *args, out_shape=None, **kwargs) -> int:
    return int(2.5 * attention(query, key, value))


MAPPING = {
    torch.ops.aten._scaled_dot_product_flash_attention_for_cpu: attention,
    torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward: attention_back,
}


def counted(work: Callable[[], object]) -> int:
    with FlopCounterMode(display=False, custom_mapping=MAPPING) as counter:
        work()
    return counter.get_total_flops()


def model_of() -> torch.nn.Module:
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=500, hidden_size=128, intermediate_size=344, num_hidden_layers=5, num_attention_heads=4,
        num_key_value_heads=2, tie_word_embeddings=False, bos_token_id=None, eos_token_id=0, pad_token_id=0,
    )  # fmt: skip
    return LlamaForCausalLM(config)


def examples(count: int, seed: int) -> list[Example]:
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.randint(20, 60, (count,), generator=generator).tolist()
    return [Example(torch.randint(3, 500, (n,), generator=generator).tolist(), 1 + n // 3) for n in lengths]


@pytest.mark.parametrize("blocks", [None, 2])
def test_a_forward_pass_is_counted_as_torch_counts_it(blocks: int | None) -> None:
    model, batch = model_of(), collate(examples(4, 0), 0)
    shapes = Shapes.of_model(model.config)
    decoder = model if blocks is None else model.model
    if blocks is not None:
        model.model.layers = model.model.layers[:blocks]
    with torch.no_grad():
        got = counted(lambda: decoder(**batch.inputs()))
    assert flops.forward(shapes, blocks).flops(batch.extent) == pytest.approx(got, rel=0.05)


@pytest.mark.parametrize("objective", ["gd", "npo", "kl", "rmu"])
@pytest.mark.parametrize("name", CARRIERS)
def test_a_training_step_is_counted_as_torch_counts_it(name: str, objective: str) -> None:
    model, reference = model_of(), Stack(model_of().requires_grad_(False))
    shapes, states = Shapes.of_model(model.config), {"layer": 3, "steering": 5.0, "rmu_positions": "tokens"}
    of, stack = objective_of(objective, **(states if objective == "rmu" else {})), attached(model, CARRIERS[name])
    texts = Texts(collate(examples(4, 1), 0), None, collate(examples(4, 2), 0))
    control = control_vector(128, 5.0, 0)

    def step() -> None:
        step_loss(stack, reference, of, texts, control=control).backward()

    assert step_flops(shapes, of, CARRIERS[name], texts) == pytest.approx(counted(step), rel=0.05)


@pytest.mark.parametrize("objective", ["gd", "npo", "kl"])
@pytest.mark.parametrize("name", ["reft", "grun"])
def test_the_fast_engine_is_counted_as_torch_counts_it(name: str, objective: str) -> None:
    model = model_of().requires_grad_(False)
    shapes, first = Shapes.of_model(model.config), CARRIERS[name].edits_from()
    stack, of = attached(model, CARRIERS[name]), objective_of(objective)
    packs = [
        pack([row for _, row in sorted(frozen_rows(model, part, first, 0, 4))], model.device)
        for part in (examples(20, 1), examples(20, 2))
    ]
    texts = Texts(packs[0], None, packs[1])

    def step() -> None:
        step_loss(stack, Stack(model), of, texts).backward()

    assert step_flops(shapes, of, CARRIERS[name], texts) == pytest.approx(counted(step), rel=0.05)


@pytest.mark.parametrize("name", CARRIERS)
def test_parameters_equal_those_of_real_modules(name: str) -> None:
    model = model_of()
    shapes = Shapes.of_model(model.config)
    assert shapes.parameters == flops.trained_parameters(shapes) == model.num_parameters()
    trained = sum(parameter.numel() for parameter in attached(model, CARRIERS[name]).trained())
    # R of LoReFT is D x rank numbers, held in a triangle and a base that are not trained apart.
    assert flops.trained_parameters(shapes, CARRIERS[name]) == trained


def test_every_gate_has_the_widths_that_are_counted() -> None:
    assert flops.GATE_WIDTHS.keys() == GATES.keys()
    for name, made in GATES.items():
        layers = [module for module in made(128).modules() if isinstance(module, torch.nn.Linear)]
        assert flops.GATE_WIDTHS[name] == tuple(layer.out_features for layer in layers)


def test_the_papers_models_have_the_size_that_their_names_say() -> None:
    """8,030,261,248 and 7,241,732,096: `total_size` / 2 of each repository's model.safetensors.index.json."""
    sizes = {}
    for name, row in read_study(read_yaml("config/paper.yaml", "paper")).models.items():
        sizes[name] = Shapes.of_sheet(row.architecture, 1536).parameters
    assert sizes["llama-3.1-8b"] == 8_030_261_248
    assert sizes["mistral-7b-v0.1"] == 7_241_732_096


def test_a_model_from_scratch_has_the_shape_of_its_sheet() -> None:
    from grunflow.models.tiny import build

    class Tokenizer:
        eos_token_id, pad_token_id = 0, 0

        def __len__(self) -> int:
            return 300

    sheet = Architecture(hidden_size=32, layers=2, heads=4, kv_heads=2, intermediate_size=80, tied=False)
    assert build(sheet, Tokenizer(), 0).num_parameters() == Shapes.of_sheet(sheet, 300).parameters


@pytest.mark.parametrize("objective", ["gd", "npo", "kl"])
@pytest.mark.parametrize("name", ["full", "lora"])
def test_packed_texts_are_counted_as_torch_counts_them(name: str, objective: str) -> None:
    """The head at labels only, no padding but in the groups' attention."""
    model, reference = model_of(), Stack(model_of().requires_grad_(False))
    shapes, of, stack = Shapes.of_model(model.config), objective_of(objective), attached(model, CARRIERS[name])
    texts = Texts(text_pack(examples(20, 1), model.device), None, text_pack(examples(20, 2), model.device))

    def step() -> None:
        step_loss(stack, reference, of, texts).backward()

    assert step_flops(shapes, of, CARRIERS[name], texts) == pytest.approx(counted(step), rel=0.05)
