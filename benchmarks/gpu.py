"""The Llama-3.1-8B shape with random weights in bf16: GRUN-NPO's step, fast against plain, and MFU of full fine-tuning.

    python -m benchmarks.gpu                      # on a GPU
    python -m benchmarks.gpu --shape tiny --device cpu   # the same script, to see that it runs

Prints one JSON line. Fine-tuning runs on fewer blocks where the optimizer's state of all would not fit (--blocks).
"""

import argparse
import json
import time
from collections.abc import Callable
from typing import Any

import torch

from benchmarks import engines
from benchmarks.engines import Size
from benchmarks.lengths import examples
from grunflow.data.batching import collate
from grunflow.models.scores import score

# hidden, feed-forward, blocks, heads, key-value heads, vocabulary (the config.json of meta-llama/Llama-3.1-8B), edits.
SHAPES = {
    "8b": (4096, 14336, 32, 32, 8, 128256, (20, 25, 31)),
    "tiny": (64, 128, 4, 4, 2, 256, (1, 2, 3)),
}
# Dense bf16 FLOP/s of the vendor's data sheet; a device that is not listed gets no MFU.
PEAK = {"NVIDIA H100 80GB HBM3": 989e12, "NVIDIA H200": 989e12, "NVIDIA A100-SXM4-80GB": 312e12}
ROWS, BATCH = 64, 16


def model_of(shape: str, device: str, blocks: int | None = None) -> Any:
    from transformers import LlamaConfig, LlamaForCausalLM

    hidden, feed, layers, heads, groups, vocabulary, _ = SHAPES[shape]
    config = LlamaConfig(
        vocab_size=vocabulary, hidden_size=hidden, intermediate_size=feed, num_hidden_layers=blocks or layers,
        num_attention_heads=heads, num_key_value_heads=groups, max_position_embeddings=1024,
        pad_token_id=0, bos_token_id=1, eos_token_id=2, dtype=torch.bfloat16,
    )  # fmt: skip
    with torch.device(device):
        return LlamaForCausalLM(config).to(torch.bfloat16).eval()


def timed(step: Callable[[list[int]], float], steps: int, device: str) -> dict:
    """Median seconds of a step behind two warm-up steps, and peak bytes on the GPU."""
    taken = []
    for number in range(steps + 2):
        if device == "cuda":
            torch.cuda.reset_peak_memory_stats()
            torch.cuda.synchronize()
        started = time.perf_counter()
        step([(number * BATCH + row) % ROWS for row in range(BATCH)])
        if device == "cuda":
            torch.cuda.synchronize()
        taken.append(time.perf_counter() - started)
    peak = torch.cuda.max_memory_allocated() if device == "cuda" else None
    return {"seconds": sorted(taken[2:])[steps // 2], "peak_bytes": peak}


def finetuning(shape: str, device: str, blocks: int | None, steps: int) -> dict:
    """AdamW on every weight, batches of 16 rows of forget05's lengths; MFU = 6 x weights x real tokens / seconds / peak."""
    model = model_of(shape, device, blocks).train()
    rows = examples("forget05", ROWS, SHAPES[shape][5], 11)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5, fused=True)

    def step(indices: list[int]) -> float:
        batch = collate([rows[i] for i in indices], 0).to(model.device)
        loss = score(model(**batch.inputs()).logits, batch.labels).nll_sum.sum() / BATCH
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        return loss.item()

    found = timed(step, steps, device)
    weights = sum(p.numel() for name, p in model.named_parameters() if "embed_tokens" not in name)
    tokens = sum(len(row.ids) for row in rows) / ROWS * BATCH
    name = torch.cuda.get_device_name() if device == "cuda" else "cpu"
    mfu = 6 * weights * tokens / found["seconds"] / PEAK[name] if name in PEAK else None
    return {**found, "blocks": model.config.num_hidden_layers, "mfu": mfu}


def main(arguments: list[str] | None = None) -> dict:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shape", choices=SHAPES, default="8b")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--blocks", type=int, default=None, help="of the fine-tuned model; all by default")
    given = parser.parse_args(arguments)
    hidden, _, layers, _, _, vocabulary, edited = SHAPES[given.shape]
    size = Size(hidden, layers, edited, vocabulary)
    model = model_of(given.shape, given.device).requires_grad_(False)
    forget, retain = (examples("forget05", ROWS, vocabulary, seed) for seed in (11, 12))
    found: dict[str, Any] = {"shape": given.shape, "torch": torch.__version__}
    found["device"] = torch.cuda.get_device_name() if given.device == "cuda" else "cpu"
    for engine in (engines.fast, engines.plain):
        step = engine(size, model, "grun_npo_training", forget, retain)
        found[f"grun_npo_{engine.__name__}"] = timed(step, given.steps, given.device)
    del model, step
    found["finetuning"] = finetuning(given.shape, given.device, given.blocks, given.steps)
    print(json.dumps(found))
    return found


if __name__ == "__main__":
    main()
