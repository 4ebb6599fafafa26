"""The closed form against the peak of a process that trains, less what it held before it built the model."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from grunflow.config.parts import Training
from grunflow.costs import memory
from grunflow.costs.flops import Extent
from grunflow.costs.shapes import Shapes
from grunflow.training.optimizer import adamw
from grunflow.training.precision import computing, widen
from tests.costs.made_up import carrier_of

SHAPES = Shapes(hidden=512, layers=8, heads=8, kv_heads=8, head_size=64, intermediate=1408, vocabulary=8192, tied=False)
CARRIERS = {
    "full": carrier_of("full"),
    "lora": carrier_of("lora", rank=8, alpha=16, dropout=0.05),
    "grun": carrier_of("grun", rank=4, layers=(2, 5, 7), gate="linear"),
}
ROWS, WIDTH, PROMPT = 16, 128, 28
SCRIPT = """
import json, sys
import torch
from transformers import LlamaConfig, LlamaForCausalLM
from grunflow.carriers.stack import Stack
from grunflow.config.parts import CarrierSpec
from grunflow.data.batching import collate
from grunflow.data.prompts import Example
from grunflow.training.step import Texts, step_loss
from tests.costs.made_up import objective_of
spec = CarrierSpec.model_validate_json(sys.argv[1])
rows, width, prompt = map(int, sys.argv[2:5])

def status(key):
    return next(int(line.split()[1]) * 1024 for line in open("/proc/self/status") if line.startswith(key))

def model_of(**shape):
    return LlamaForCausalLM(LlamaConfig(bos_token_id=None, eos_token_id=0, pad_token_id=0, **shape))

def train(model, vocabulary, rows, width, prompt, steps):
    stack = Stack(model)
    stack.attach(spec, 0)
    optimizer = torch.optim.AdamW(stack.trained(), lr=1e-4)
    model.train()
    for _ in range(steps):
        ids = torch.randint(3, vocabulary, (rows, width)).tolist()
        batch = collate([Example(row, prompt) for row in ids], 0)
        optimizer.zero_grad(set_to_none=True)
        # Ascent on one batch at a time, as fine-tuning runs it.
        step_loss(stack, None, objective_of("ga"), Texts(batch, None, None)).backward()
        optimizer.step()

small = dict(vocab_size=64, hidden_size=32, intermediate_size=32, num_hidden_layers=8, num_attention_heads=2)
train(model_of(**small), 64, 2, 8, 3, 2)
before = status("VmRSS")
train(model_of(**json.loads(sys.argv[5])), json.loads(sys.argv[5])["vocab_size"], rows, width, prompt, 3)
print(status("VmHWM") - before)
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", CARRIERS)
def test_host_memory_of_training_is_within_a_fifth_of_the_measured_peak(name: str) -> None:
    shape = {
        "vocab_size": SHAPES.vocabulary, "hidden_size": SHAPES.hidden, "intermediate_size": SHAPES.intermediate,
        "num_hidden_layers": SHAPES.layers, "num_attention_heads": SHAPES.heads, "tie_word_embeddings": SHAPES.tied,
    }  # fmt: skip
    arguments = [CARRIERS[name].model_dump_json(), *map(str, (ROWS, WIDTH, PROMPT)), json.dumps(shape)]
    # Freed memory goes back at once: the formula counts what is held, not what glibc's heap keeps for later.
    environment = {**os.environ, "MALLOC_MMAP_THRESHOLD_": "1000000"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments],
        cwd=Path(__file__).parents[2],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    planned = memory.training(
        SHAPES, CARRIERS[name], "float32", Extent(ROWS * WIDTH, ROWS * WIDTH**2, ROWS), ROWS * (WIDTH - PROMPT)
    )
    assert planned.total == pytest.approx(int(done.stdout), rel=0.2)


@pytest.mark.parametrize(("precision", "compute"), [("masters", True), ("pure", False)])
def test_what_the_passes_of_a_bf16_model_keep_is_counted_on_one_device(
    make_model, precision: str, compute: bool
) -> None:
    """Under autocast linear weights once more, and norms in float32; FSDP casts a block at a time."""
    model = make_model().train() if compute else make_model().train().to(torch.bfloat16)
    own = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}
    linear = [2 * module.weight.numel() for module in model.modules() if isinstance(module, torch.nn.Linear)]
    kept = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        if tensor.untyped_storage().data_ptr() not in own:
            kept[tensor.untyped_storage().data_ptr()] = tensor
        return tensor

    rows = torch.arange(60)[None].repeat(5, 1)  # as many tokens as give no tensor the size of a weight
    with (
        torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor),
        computing(torch.device("cpu"), "bfloat16" if compute else None),
    ):
        model(input_ids=rows, logits_to_keep=1)
    sizes = [(tensor.dtype, tensor.untyped_storage().nbytes()) for tensor in kept.values()]
    copies = sum(size for dtype, size in sizes if dtype == torch.bfloat16 and size in linear)
    assert copies == (sum(linear) if compute else 0)
    counted = held(Shapes.of_model(model.config), precision, rows.numel())
    assert counted.cast + counted.activations == pytest.approx(sum(size for _, size in sizes), rel=0.2)
    assert counted.on_each(1) - replace(counted, cast=0).on_each(1) == counted.cast
    assert counted.on_each(2) == replace(counted, cast=0).on_each(2)


@pytest.mark.parametrize(("precision", "size"), [("masters", 16), ("kahan", 10), ("pure", 8)])
def test_a_trained_weight_takes_as_many_bytes_as_its_optimiser_keeps(make_model, precision: str, size: int) -> None:
    model = make_model().to(torch.bfloat16)
    if precision == "masters":
        widen(model)
    optimizer = adamw(model.parameters(), Training(learning_rate=1e-5, steps=1, precision=precision))  # type: ignore[arg-type]
    model(input_ids=torch.arange(7)[None]).logits.sum().backward()
    optimizer.step()
    kept = [value for state in optimizer.state.values() for value in state.values() if torch.is_tensor(value)]
    beside = [(parameter, parameter.grad) for parameter in model.parameters()]
    real = sum(tensor.nbytes for tensor in (*kept, *(part for pair in beside for part in pair)) if tensor.numel() > 1)
    counted = held(Shapes.of_model(model.config), precision)
    assert counted.weights + counted.gradients + counted.moments == real == size * model.num_parameters()


def held(shapes: Shapes, precision: str, tokens: int = 1) -> memory.Held:
    return memory.training(shapes, None, "bfloat16", Extent(tokens, tokens, 1), 1, precision=precision)
