"""Made-up metrics in the form of stages/aggregate.py: GRUN keeps more than full, which keeps more than LoRA."""

from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

ORIGIN = "Tiny study, not the paper's result"
SETS = ("forget", "retain", "real_authors", "world_facts")
OBJECTIVES, CARRIERS, SEEDS = ("gd", "idk", "npo"), ("full", "lora", "grun"), (0, 1, 2)
QUESTIONS = 12
KEPT = {"": 0.9, "full": 0.6, "lora": 0.4, "grun": 0.85}
PARAMETERS = 1_000_000


def identities(seeds: tuple[int, ...] = SEEDS) -> list[dict]:
    methods = [("target", ""), ("retain", ""), *product(OBJECTIVES, CARRIERS)]
    return [
        {"run": f"tiny/forget10/{objective}_{carrier}_t{seed}", "model": "tiny", "forget_split": "forget10",
         "objective": objective, "carrier": carrier, "variant": "", "target_seed": seed,
         "unlearn_seed": seed if carrier else None} for objective, carrier in methods for seed in seeds
    ]  # fmt: skip


def frames(seeds: tuple[int, ...] = SEEDS) -> dict[str, pd.DataFrame]:
    """Name -> frame, as in the parquet files of `metrics`."""
    rng = np.random.default_rng(0)
    easy = rng.normal(0, 0.03, (len(SETS), QUESTIONS))  # one question is easier than another for every model
    found: dict[str, list] = {
        name: [] for name in ("metrics", "questions", "snapshot_scores", "efficiency", "losses", "examples")
    }
    for who in identities(seeds):
        kept = KEPT[who["carrier"]] + rng.normal(0, 0.01)
        grun, gone = who["carrier"] == "grun", who["objective"] != "target"
        means = {"forget": 0.1 if gone else 0.95, "retain": kept, "real_authors": kept, "world_facts": kept}
        row = dict(who)
        for place, name in enumerate(SETS):
            scores = np.clip(means[name] + easy[place] + rng.normal(0, 0.01, QUESTIONS), 0.01, 0.99)
            gate = 0.9 if name == "forget" else 0.1
            for index, score in enumerate(scores):
                found["questions"].append(
                    {"run": who["run"], "set": name, "index": index, "raw_ratio": 0.5 + score, "gate": gate if grun else np.nan,
                     **dict.fromkeys(("rougeL", "probability", "truth_ratio", "truth_ratio_grun"), score),
                     **{f"gate_{layer}": gate if grun else np.nan for layer in range(3)}}
                )  # fmt: skip
                if index < 4:
                    found["examples"].append(
                        {**who, "set": name, "index": index, "question": f"Who is {name} {index}?", "answer": "A <baker> & poet.",
                         "generation": f"{who['objective']} {who['carrier']} says {index}", "rougeL": score,
                         "gate": gate if grun else np.nan}
                    )  # fmt: skip
            row |= {
                f"{name}_{metric}": scores.mean()
                for metric in ("rougeL", "probability", "truth_ratio", "truth_ratio_grun")
            }
            row |= {f"{name}_gate": gate if grun else np.nan}
        row |= {"model_utility": kept, "ks_statistic": 0.4 + rng.normal(0, 0.02), "forget_quality": 10.0 ** -rng.integers(2, 9),
                "gate_auroc": 0.99 if grun else np.nan, "n_unlearned": QUESTIONS, "n_retain": QUESTIONS,
                "model_parameters": PARAMETERS}  # fmt: skip
        found["metrics"].append(row)
        trained = {"": PARAMETERS, "full": PARAMETERS, "lora": 20_000, "grun": 400}[who["carrier"]]
        seconds = {"": 100.0, "full": 20.0, "lora": 24.0, "grun": 2.0}[who["carrier"]] + rng.uniform()
        found["efficiency"].append(
            {**who, "model_parameters": PARAMETERS, "trained_parameters": trained, "steps": 80, "tokens": 30_000,
             "train_seconds": seconds, "cpu_seconds": seconds + 3, "train_flops": 1e9 * seconds, "peak_memory_bytes": 2**30,
             "gpu_seconds": 0.0}
        )  # fmt: skip
        if who["carrier"]:
            found["losses"] += [
                {**who, "step": step, "loss": 5 * np.exp(-step / 20) + rng.normal(0, 0.1)} for step in range(1, 81)
            ]
            found["snapshot_scores"] += path(who, kept)
    return {name: pd.DataFrame(rows) for name, rows in found.items()}


def path(who: dict, kept: float) -> list[dict]:
    """Forget Probability 0.95, 0.5, 0.1 (of IDK on LoRA 0.95, 0.8, 0.6); what is kept falls from 0.9 to `kept`."""
    stuck = (who["objective"], who["carrier"]) == ("idk", "lora")
    forgotten = (0.95, 0.8, 0.6) if stuck else (0.95, 0.5, 0.1)
    return [
        {**who, "step": step, "set": name, "index": index, "probability": value, "rougeL": value}
        for step, forget, retain in zip((0, 40, 80), forgotten, (0.9, (0.9 + kept) / 2, kept), strict=True)
        for name, value in (("forget", forget), ("retain", retain)) for index in range(4)
    ]  # fmt: skip


def answers(seeds: tuple[int, ...] = SEEDS, questions: int = 200) -> pd.DataFrame:
    """base: 160 of 200 right on both tasks; full and grun near 50 (chance) on forget_domain, near 158 on retain_domain."""
    rows = []
    methods = [("base", "", (None,), (160, 160)), ("rmu", "full", seeds, (50, 158)), ("rmu", "grun", seeds, (48, 158))]
    for objective, carrier, of_method, right in methods:
        for seed in of_method:
            for task, count in zip(("forget_domain", "retain_domain"), right, strict=True):
                rows += [
                    {"run": f"{objective}_{carrier}_{seed}", "model": "tiny-wmdp", "objective": objective, "carrier": carrier,
                     "unlearn_seed": seed, "task": task, "index": i, "correct": i < count} for i in range(questions)
                ]  # fmt: skip
    return pd.DataFrame(rows)


def write(folder: Path) -> tuple[Path, Path]:
    """The two folders that tables and figures read."""
    metrics, wmdp = folder / "metrics", folder / "wmdp"
    for place in (metrics, wmdp):
        place.mkdir(parents=True)
    made = frames()
    for name, frame in made.items():
        frame.to_parquet(metrics / f"{name}.parquet", index=False)
    answers().to_parquet(wmdp / "answers.parquet", index=False)
    cost = made["efficiency"].query("carrier in ('full', 'grun') and objective == 'gd'")
    cost = cost.assign(model="tiny-wmdp", objective="rmu").drop(columns=["target_seed", "variant"])
    cost.to_parquet(wmdp / "cost.parquet", index=False)
    return metrics, wmdp
