"""make bench: CPU seconds per training step of each engine, interleaved in one process on one thread, as ratios.

Writes results/bench/summary.csv, scaling.csv and alternatives.csv and prints them. GRUN_REF names a work tree of
renjie3/GRUN; without it the authors' rows are left out. A row's flop_bound is the counted FLOPs of the baseline over
those of the fast path without any padding; `ratio` includes the cost of building the cache (200 rows on each side), spread over 500 steps.
"""

import argparse
import os
import statistics
import time
import warnings
from pathlib import Path

import pandas as pd
import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks import alternatives, engines, evaluation, full_training, memory, scaling
from benchmarks.engines import OBJECTIVES, Size, Step
from benchmarks.lengths import DISTRIBUTIONS, examples
from grunflow.data.prompts import Example
from grunflow.training.frozen_states import frozen_rows

SIZES = (Size(256, 8, (5, 6, 7)), Size(128, 4, (1, 2, 3)), Size(512, 8, (5, 6, 7)))
# Rows on each side as TOFU's forget05 has them with fixed partners; GRUN takes 520 steps on them.
BATCH, ROWS, SPREAD_OVER, COUNTED_STEPS = 16, 200, 500, 4


def _attention(query, key, value, *args, out_shape=None, **kwargs) -> int:
    """Forward FLOPs of sdpa, which the counter takes for 0 on a CPU."""
    b, h, s, d = query
    return 4 * b * h * s * key[2] * d


def _attention_backward(gradient, query, key, value, *args, out_shape=None, **kwargs) -> int:
    return int(2.5 * _attention(query, key, value))


COUNTED = {
    torch.ops.aten._scaled_dot_product_flash_attention_for_cpu: _attention,
    torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward: _attention_backward,
}


def flops_of(step: Step, order: list[list[int]]) -> float:
    """Per step, over the batches of `order`."""
    with FlopCounterMode(display=False, custom_mapping=COUNTED) as counter:
        for rows in order:
            step(rows)
    return counter.get_total_flops() / len(order)


def timed(step: Step, rows: list[int]) -> tuple[float, float]:
    """CPU seconds and loss."""
    started = time.process_time()
    loss = step(rows)
    return time.process_time() - started, loss


def measure(size: Size, lengths: str, work: str, steps: int, reference: str | None) -> list[dict]:
    model = engines.model_of(size).requires_grad_(False)
    forget, retain = texts_of(size, lengths)
    started = time.process_time()
    for part in (forget, retain):
        list(frozen_rows(model, part, min(size.edited), 0, BATCH))
    cache = (time.process_time() - started) / SPREAD_OVER
    made = {name: getattr(engines, name)(size, model, work, forget, retain) for name in ("fast", "plain", "least")}
    if reference:
        theirs = engines.authors_model(reference, size, model)
        made["authors"] = engines.authors(theirs, size, work, forget, retain)
    return compared(made, size, lengths, work, steps, cache)


def measure_full(size: Size, lengths: str, steps: int) -> list[dict]:
    """Training of the model itself; nothing is cached."""
    made = full_training.steps_of(size, engines.model_of(size), texts_of(size, lengths)[0])
    return compared(made, size, lengths, full_training.WORK, steps, 0.0)


def texts_of(size: Size, lengths: str) -> list[list[Example]]:
    """Rows to forget and to keep."""
    return [examples(lengths, ROWS, size.vocabulary, seed) for seed in (11, 12)]


def compared(made: dict[str, Step], size: Size, lengths: str, work: str, steps: int, cache: float) -> list[dict]:
    """Rows of summary.csv: every engine takes the same steps in turn. cache: seconds a step that its building costs."""
    generator = torch.Generator().manual_seed(9)
    order = [torch.randperm(ROWS, generator=generator)[:BATCH].tolist() for _ in range(steps + COUNTED_STEPS)]
    flops = {name: flops_of(step, order[:COUNTED_STEPS]) for name, step in made.items()}  # the warm-up too
    del made["least"]
    taken = [{name: timed(step, rows) for name, step in made.items()} for rows in order[COUNTED_STEPS:]]
    found = []
    for baseline in [name for name in ("authors", "plain") if name in made]:
        ratios = [step[baseline][0] / (step["fast"][0] + cache) for step in taken]
        differences = [abs(step[baseline][1] - step["fast"][1]) / abs(step[baseline][1]) for step in taken]
        seconds = statistics.median(step["fast"][0] for step in taken)
        found.append(
            {
                **row_of(work, lengths, size, baseline, ratios, flops[baseline] / flops["least"], max(differences)),
                "fast_seconds": round(seconds, 4),
                "cache_seconds_per_step": round(cache, 5),
                "fast_gflops": round(flops["fast"] / seconds / 1e9, 1),
                "steps": steps,
            }
        )
        print(found[-1], flush=True)
    return found


def row_of(
    work: str, lengths: str, size: Size, baseline: str, ratios: list[float], bound: float, difference: float
) -> dict:
    """The columns that every row of summary.csv has; lo and hi: 10th and 90th percentile."""
    ordered = sorted(ratios)
    median, cut = statistics.median(ordered), len(ordered) // 10
    return {
        "work": work,
        "lengths": lengths,
        "size": size.name,
        "baseline": baseline,
        "ratio": round(median, 3),
        "ratio_lo": round(ordered[cut], 3),
        "ratio_hi": round(ordered[-1 - cut], 3),
        "flop_bound": round(bound, 3),
        "share_of_bound": round(median / bound, 3),
        "max_rel_diff": difference,
    }


def measure_evaluation(size: Size, lengths: str, questions: int, reference: str | None) -> list[dict]:
    """Four sets of questions, engine after engine on each; texts that differ in a row count as a difference of 1."""
    model = engines.model_of(size).requires_grad_(False)
    made = {name: evaluation.ours(size, model, name) for name in ("fast", "plain")}
    if reference:
        made["authors"] = evaluation.authors(engines.authors_model(reference, size, model), size)
    few, *sets = evaluation.question_sets(lengths, 5, questions, size.vocabulary)
    few = evaluation.Asked(few.examples[: 16 * 7], few.firsts[:16])
    flops, answers = {}, {}
    for name, ask in made.items():  # the warm-up too
        with FlopCounterMode(display=False, custom_mapping=COUNTED) as counter:
            answers[name] = ask(few)
        flops[name] = counter.get_total_flops()
    least = evaluation.least_flops(size, few, answers["fast"])
    taken = []
    for asked in sets:
        taken.append({})
        for name, ask in made.items():
            started = time.process_time()
            answered = ask(asked)
            taken[-1][name] = (time.process_time() - started, answered)
    found = []
    for baseline in [name for name in ("authors", "plain") if name in made]:
        pairs = [(each[baseline], each["fast"]) for each in taken]
        difference = max(
            abs(theirs - fast) / abs(theirs)
            for (_, one), (_, other) in pairs
            for theirs, fast in zip(one.nll, other.nll, strict=True)
        )
        same = all(one.generated == other.generated for (_, one), (_, other) in pairs)
        found.append(
            {
                **row_of("tofu_evaluation", lengths, size, baseline, [one[0] / other[0] for one, other in pairs],
                         flops[baseline] / least, difference if same else 1.0),
                "fast_seconds": round(statistics.median(other[0] for _, other in pairs), 4),
                "fast_gflops": round(least * len(sets[0].firsts) / len(few.firsts)
                                     / statistics.median(other[0] for _, other in pairs) / 1e9, 1),
                "fast_flops_over_least": round(flops["fast"] / least, 4),
                "questions": questions,
            }
        )  # fmt: skip
        print(found[-1], flush=True)
    return found


def matmul_rate(size: Size) -> float:
    """GFLOP/s of this machine in a feed-forward product of that width, one thread."""
    a, b = torch.randn(960, size.hidden), torch.randn(size.hidden * 11 // 4, size.hidden)
    started = time.process_time()
    for _ in range(200):
        torch.nn.functional.linear(a, b)
    return 200 * 2 * a.shape[0] * b.numel() / (time.process_time() - started) / 1e9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--questions", type=int, default=32, help="of each of the four evaluation sets")
    parser.add_argument("--sizes", type=int, default=len(SIZES), help="only the first so many sizes")
    parser.add_argument("--out", type=Path, default=Path("results/bench"))
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    reference = os.environ.get("GRUN_REF")
    if not reference:
        print("GRUN_REF is not set: rows against the authors' code are left out")
    rows = []
    for index, size in enumerate(SIZES[: arguments.sizes]):
        print(f"{size.name}: matmul {matmul_rate(size):.1f} GFLOP/s on one thread", flush=True)
        for lengths in DISTRIBUTIONS if index == 0 else ("varied",):
            for work in OBJECTIVES:
                rows += measure(size, lengths, work, arguments.steps if index == 0 else 6, reference)
            rows += measure_full(size, lengths, arguments.steps if index == 0 else 6)
            rows += measure_evaluation(size, lengths, arguments.questions if index == 0 else 8, reference)
    for row in rows:
        # At the first size and "varied"; beside the figures of time, not among them.
        if row["size"] == SIZES[0].name and row["lengths"] == "varied":
            for key, engine in (("fast_memory_bytes", "fast"), ("baseline_memory_bytes", row["baseline"])):
                row[key] = memory.measured(engine, row["work"], row["lengths"])
    arguments.out.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(rows).to_csv(arguments.out / "summary.csv", index=False)
    beside = {"scaling": scaling.measure(SIZES[0]), "alternatives": alternatives.measure(SIZES)}
    for name, found in beside.items():
        frame = pd.DataFrame(found)
        frame.to_csv(arguments.out / f"{name}.csv", index=False)
        print(frame.to_string(index=False))
    print(f"{arguments.out}/: summary.csv, {', '.join(f'{name}.csv' for name in beside)}")


if __name__ == "__main__":
    main()
