"""Two gloo processes that share a model: many passes gather its weights once."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed as dist
from tests.models.families import tiny, words
from torch.distributed.tensor import DTensor
from torch.multiprocessing.spawn import spawn
from torch.utils._python_dispatch import TorchDispatchMode

from grunflow.carriers.stack import Stack
from grunflow.data.batching import collate
from grunflow.data.prompts import Example
from grunflow.evaluation.generation import continued_ids
from grunflow.evaluation.scoring import likelihoods
from grunflow.models.sharding import gathered, shard

NEW = 6
EXAMPLES = [Example([4 + (7 * row + at) % 60 for at in range(8 + row)], 5 + row) for row in range(4)]


def asked(model: Any) -> dict[str, Any]:
    tokenizer, stack = words(eos_token="<eos>", pad_token="<pad>"), Stack(model.eval())
    prompts = [example.ids[: example.prompt_length] for example in EXAMPLES]
    texts = continued_ids(stack, tokenizer, prompts, NEW, 4)
    return {"texts": texts, "nll": likelihoods(stack, EXAMPLES, 0, 4).nll_sum.tolist()}


def gradient_norm(model: Any) -> float:
    model.zero_grad()
    model(**collate(EXAMPLES, 0).inputs()).logits.logsumexp(-1).mean().backward()
    norm = torch.nn.utils.get_total_norm([p.grad for p in model.parameters()])
    return float(norm.full_tensor() if isinstance(norm, DTensor) else norm)


class Gathers(TorchDispatchMode):
    """Counts collective calls that gather."""

    count = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.count += "allgather" in str(func)
        return func(*args, **(kwargs or {}))


def process(rank: int, folder: str) -> None:
    dist.init_process_group("gloo", init_method=f"file://{folder}/rendezvous", rank=rank, world_size=2)
    model = tiny("llama")
    shard(model)
    with Gathers() as before:
        each = asked(model)
    with Gathers() as during, gathered(model):
        once = asked(model)
    sharded = all(isinstance(parameter, DTensor) for parameter in model.parameters())
    norm = gradient_norm(model)
    with Gathers() as after:
        asked(model)
    if rank == 0:
        counts = [counted.count for counted in (before, during, after)]
        found = {"each": each, "once": once, "counts": counts, "sharded": sharded, "norm": norm}
        (Path(folder) / "found.json").write_text(json.dumps(found))
    dist.destroy_process_group()


@pytest.mark.slow
def test_generation_gathers_the_weights_of_a_sharded_model_once(tmp_path: Path) -> None:
    spawn(process, (str(tmp_path),), 2)
    found, alone = json.loads((tmp_path / "found.json").read_text()), tiny("llama")
    want = asked(alone)
    assert found["once"]["texts"] == found["each"]["texts"] == want["texts"]
    assert found["once"]["nll"] == pytest.approx(want["nll"], rel=1e-6)
    # Each of the two blocks (the rest was whole from before); without it the blocks for every token of every group of a length.
    each, once, after = found["counts"]
    assert once == 2
    assert each >= 2 * NEW * len(EXAMPLES)
    assert after == each
    assert found["sharded"]
    assert found["norm"] == pytest.approx(gradient_norm(alone), rel=1e-5)
