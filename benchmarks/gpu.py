"""All that docs/performance.md wants to know of a GPU, in one call of at most ten minutes, at the Llama-3.1-8B shape with random
weights: GRUN's step fast against plain, MFU of full fine-tuning by the rows of a micro-batch, evaluation's tokens a second, peak
memory beside what `grunflow plan` counts, launches.

    python -m benchmarks.gpu                             # on a GPU
    python -m benchmarks.gpu --shape tiny --device cpu   # the same script, to see that it runs

Prints one JSON line, then a table. Fine-tuning runs on as many blocks as fit one GPU with float32 masters (--blocks: on so many);
what the time does not reach is left out and named.
"""

import argparse
import json
import time
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import torch

from benchmarks import engines, evaluation, finetuning
from benchmarks.engines import Size
from benchmarks.lengths import examples
from benchmarks.taken import launches, timed
from grunflow.costs import memory
from grunflow.costs.flops import Extent
from grunflow.costs.shapes import Shapes
from grunflow.fixtures.parts import carrier
from grunflow.training.precision import widen

# hidden, feed-forward, blocks, heads, key-value heads, vocabulary (the config.json of meta-llama/Llama-3.1-8B), edits.
SHAPES = {
    "8b": (4096, 14336, 32, 32, 8, 128256, (20, 25, 31)),
    "tiny": (64, 128, 4, 4, 2, 256, (1, 2, 3)),
}
# Dense bf16 FLOP/s of the vendor's data sheet; a device that is not listed gets no MFU.
PEAK = {"NVIDIA H100 80GB HBM3": 989e12, "NVIDIA H200": 989e12, "NVIDIA A100-SXM4-80GB": 312e12}
ROWS, BATCH, QUESTIONS = 64, 16, {"8b": 128, "tiny": 2}
ROOM = 0.85  # share of a GPU's memory that fine-tuning is laid out for
Found = dict[str, Any]


def model_of(shape: str, device: str, blocks: int | None = None) -> Any:
    from transformers import AutoModelForCausalLM, LlamaConfig

    hidden, feed, layers, heads, groups, vocabulary, _ = SHAPES[shape]
    config = LlamaConfig(
        vocab_size=vocabulary, hidden_size=hidden, intermediate_size=feed, num_hidden_layers=blocks or layers,
        num_attention_heads=heads, num_key_value_heads=groups, max_position_embeddings=1024, tie_word_embeddings=False,
        pad_token_id=0, bos_token_id=1, eos_token_id=2,
    )  # fmt: skip
    with torch.device(device):
        return AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16).eval()


def name_of(device: str) -> str:
    return torch.cuda.get_device_name() if device == "cuda" else "cpu"


def grun(engine: str, model: Any, size: Size, given: argparse.Namespace) -> Found:
    """GRUN-NPO's step on 16 forget and 16 retain rows, which is one micro-batch."""
    forget, retain = (examples("forget05", ROWS, size.vocabulary, seed) for seed in (11, 12))
    step = getattr(engines, engine)(size, model, "grun_npo_training", forget, retain)

    def rows(number: int) -> list[int]:
        return [(number * BATCH + row) % ROWS for row in range(BATCH)]

    found = timed(lambda number: step(rows(number)), given.steps, given.device)
    longest = max(len(row.ids) for row in (*forget, *retain))
    extent = Extent(2 * BATCH * longest, 2 * BATCH * longest**2, 2 * BATCH)
    edits = carrier("grun", rank=4, layers=size.edited, gate="linear", gate_weight=10)
    held = memory.training(Shapes.of_model(model.config), edits, "bfloat16", extent, extent.tokens)
    return {**found, **launches(lambda: step(rows(0)), given.device), "planned_bytes": held.total}


def asked(model: Any, size: Size, given: argparse.Namespace) -> Found:
    """TOFU's questions in one batch: seven answers each, scored, and a greedy one."""
    (questions,) = evaluation.question_sets("forget05", 1, QUESTIONS[given.shape], size.vocabulary)
    ask, written = evaluation.ours(size, model, "fast"), [0]

    def step(number: int) -> None:
        written[0] = sum(map(len, ask(questions).generated))

    found = timed(step, 1, given.device)
    scored = sum(len(row.ids) - row.prompt_length for row in questions.examples)
    longest = max(len(row.ids) for row in questions.examples)
    rows = len(questions.firsts)
    labels = scored // (len(questions.examples) // rows)  # about as many answers at once as there are prompts
    batch = Extent(rows * longest, rows * longest**2, rows)
    held = memory.forward(Shapes.of_model(model.config), "bfloat16", batch, labels, labels)
    tokens = {"scored_tokens": scored, "generated_tokens": written[0]}
    return {
        **found,
        **tokens,
        "tokens_per_second": (scored + written[0]) / found["seconds"],
        "planned_bytes": held.total,
    }


def tuned(rows: int, model: Any, given: argparse.Namespace) -> Found:
    """Fine-tuning, with MFU: FLOPs of the real tokens in the peak FLOPs of the seconds."""
    found = finetuning.measured(model, rows, given.steps, given.device)
    peak = PEAK.get(name_of(given.device))
    mfu = found["flops"] / found["seconds"] / peak if peak else None
    return {**found, "mfu": mfu, "blocks": model.config.num_hidden_layers}


def measure(given: argparse.Namespace) -> Found:
    """All of it, as far as the minutes reach."""
    hidden, _, layers, _, _, vocabulary, edited = SHAPES[given.shape]
    size, until = Size(hidden, layers, edited, vocabulary), time.monotonic() + 60 * given.minutes
    found: Found = {"shape": given.shape, "torch": torch.__version__, "device": name_of(given.device), "left_out": []}

    def part(name: str, make: Callable[[], Found]) -> None:
        if time.monotonic() > until:
            found["left_out"].append(name)
            return
        try:
            found[name] = make()
        except torch.OutOfMemoryError:
            found[name] = {"out_of_memory": True}

    def frozen() -> Shapes:
        model = model_of(given.shape, given.device).requires_grad_(False)
        for engine in ("fast", "plain"):
            part(f"grun_npo_{engine}", partial(grun, engine, model, size, given))
        part("evaluation", partial(asked, model, size, given))
        return Shapes.of_model(model.config)

    shapes = frozen()  # by itself: its model is gone when the next is made
    room = ROOM * torch.cuda.get_device_properties(0).total_memory if given.device == "cuda" else float("inf")
    trained = model_of(given.shape, given.device, given.blocks or finetuning.fitting_blocks(shapes, room)).train()
    widen(trained)
    for rows in given.rows:
        part(f"finetuning_{rows}", partial(tuned, rows, trained, given))
    return found


COLUMNS = ("seconds", "mfu", "tokens_per_second", "peak_bytes", "planned_bytes", "ops", "kernels")


def table(found: Found) -> str:
    """A row for each thing measured; empty where a device does not tell."""
    lines = [" ".join(f"{name:>17}" for name in ("", *COLUMNS))]
    for name, row in found.items():
        if isinstance(row, dict):
            cells = (row.get(column) for column in COLUMNS)
            shown = ("" if cell is None else f"{cell:.4g}" if isinstance(cell, float) else str(cell) for cell in cells)
            lines.append(" ".join(f"{cell:>17}" for cell in (name, *shown)))
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> Found:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shape", choices=SHAPES, default="8b")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--blocks", type=int, default=None, help="of the fine-tuned model")
    parser.add_argument("--rows", type=int, nargs="+", default=finetuning.MICRO, help="of a micro-batch of fine-tuning")
    parser.add_argument("--minutes", type=float, default=9, help="nothing is begun after so many")
    given = parser.parse_args(arguments)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = measure(given)
    print(json.dumps(found))
    print(table(found))
    return found


if __name__ == "__main__":
    main()
