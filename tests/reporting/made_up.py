"""Made-up metrics in the form of stages/aggregate.py: GRUN keeps more than full, which keeps more than LoRA.

`questions` has TOFU's form, `choice` WMDP's, `tales` that of a benchmark which the package does not have.
"""

import sys
from collections.abc import Mapping
from itertools import product
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from grunflow.benchmarks.base import BASE, Benchmark, Lengths, Metric
from grunflow.benchmarks.tofu.keys import Keys as TofuKeys
from grunflow.benchmarks.wmdp.keys import Keys as WmdpKeys
from grunflow.config import facts
from grunflow.config.benchmarks import BenchmarkKeys, BenchmarkSpec
from grunflow.config.sets import DataSet, Paired, ProbeSpec
from grunflow.config.shown_specs import AbsentRun, Shown
from grunflow.reporting.results import Results, read
from grunflow.work import Work

ORIGIN = "Tiny study, not the paper's result"
SETS = ("forget", "retain", "real_authors", "world_facts")
OBJECTIVES, CARRIERS, SEEDS = ("gd", "idk", "npo"), ("full", "lora", "grun"), (0, 1, 2)
QUESTIONS = 12
KEPT = {"": 0.9, "full": 0.6, "lora": 0.4, "reft": 0.7, "grun": 0.85}
TRAINED = {"": 1_000_000, "full": 1_000_000, "lora": 20_000, "grun": 400}
SECONDS = {"": 100.0, "full": 20.0, "lora": 24.0, "grun": 2.0}
PARAMETERS = 1_000_000
BLOCKS = (1, 2, 3)
TOFU = BenchmarkSpec(name="tofu", kind="tofu", keys=TofuKeys(world={}).model_dump(mode="json"))
WMDP = BenchmarkSpec(
    name="wmdp", kind="wmdp",
    keys=WmdpKeys(sources={"craft": {}}, tasks={"forget": ["forget_domain"], "keep": ["retain_domain"]}).model_dump(mode="json"),
)  # fmt: skip
TALES = BenchmarkSpec(name="tales", kind="made_up_tales")
Frames = dict[str, pd.DataFrame]


def identities(
    methods: list[tuple[str, str]], model: str, split: str, seeds: tuple[int, ...], of_target: bool = True,
    kinds: Mapping[str, str] | None = None,
) -> list[dict]:  # fmt: skip
    """A row per method and seed, in the study's order; without target seeds the references have none and are one run each."""
    found = []
    for objective, carrier in methods:
        for seed in seeds if carrier or of_target else (0,):
            place = "/".join(filter(None, (model, split, "_".join(filter(None, (objective, carrier))))))
            found.append(
                {"run": f"{place}_t{seed}", "model": model, "split": split, "objective": objective, "carrier": carrier,
                 "carrier_kind": (kinds or {}).get(carrier, carrier), "variant": "", "condition": "plain", "point": "", "trained": True,
                 "target_seed": seed if of_target else None, "unlearn_seed": seed if carrier else None}
            )  # fmt: skip
    return found


def cost(who: dict, rng: np.random.Generator) -> dict:
    seconds = SECONDS.get(who["carrier_kind"], 10.0) + rng.uniform()
    return {**who, "model_parameters": PARAMETERS, "trained_parameters": TRAINED.get(who["carrier_kind"], 5000), "steps": 80,
            "tokens": 30_000, "train_seconds": seconds, "cpu_seconds": seconds + 3, "train_flops": 1e9 * seconds,
            "peak_memory_bytes": 2**30, "gpu_seconds": 0.0, "shared_cpu_seconds": 1.0, "shared_gpu_seconds": 0.0,
            "evaluation_cpu_seconds": 7.0, "evaluation_gpu_seconds": 0.0}  # fmt: skip


def losses(who: dict, rng: np.random.Generator) -> list[dict]:
    return [{**who, "step": step, "loss": 5 * np.exp(-step / 20) + rng.normal(0, 0.1)} for step in range(1, 81)]


def questions(
    seeds: tuple[int, ...] = SEEDS, models: tuple[str, ...] = ("tiny",), carriers: tuple[str, ...] = CARRIERS,
    kinds: Mapping[str, str] | None = None, objectives: tuple[str, ...] = OBJECTIVES,
) -> Frames:  # fmt: skip
    """Name -> frame, as in the parquet files of TOFU's metrics."""
    rng = np.random.default_rng(0)
    easy = rng.normal(0, 0.03, (len(SETS), QUESTIONS))  # one question is easier than another for every model
    names = (
        "metrics",
        "questions",
        "snapshot_scores",
        "strength_scores",
        "snapshots",
        "efficiency",
        "losses",
        "examples",
    )
    found: dict[str, list] = {name: [] for name in names}
    methods = [("target", ""), ("retain", ""), *product(objectives, carriers)]
    for who in [who for model in models for who in identities(methods, model, "forget10", seeds, kinds=kinds)]:
        kept = KEPT[who["carrier_kind"]] + rng.normal(0, 0.01)
        grun, gone = who["carrier_kind"] == "grun", who["objective"] != "target"
        means = {"forget": 0.1 if gone else 0.95, "retain": kept, "real_authors": kept, "world_facts": kept}
        row = dict(who)
        for place, name in enumerate(SETS):
            scores = np.clip(means[name] + easy[place] + rng.normal(0, 0.01, QUESTIONS), 0.01, 0.99)
            gate = (0.9 if name == "forget" else 0.1) if grun else np.nan
            for index, score in enumerate(scores):
                found["questions"].append(
                    {"run": who["run"], "condition": "plain", "point": "", "set": name, "index": index, "raw_ratio": 0.5 + score, "gate": gate,
                     **dict.fromkeys(("rougeL", "probability", "truth_ratio", "truth_ratio_grun"), score),
                     **{f"gate_{block}": gate for block in BLOCKS}}
                )  # fmt: skip
                if index < 4:
                    found["examples"].append(
                        {**who, "set": name, "index": index, "question": f"Who is {name} {index}?", "answer": "A <baker> & poet.",
                         "generation": f"{who['objective']} {who['carrier']} says {index}", "rougeL": score, "gate": gate}
                    )  # fmt: skip
            four = ("rougeL", "probability", "truth_ratio", "truth_ratio_grun")
            row |= {f"{name}_{metric}": scores.mean() for metric in four} | {f"{name}_gate": gate}
        row |= {"model_utility": kept, "ks_statistic": (who["objective"] != "retain") * (0.4 + rng.normal(0, 0.02)), "forget_quality": 10.0 ** -rng.integers(2, 9),
                "gate_auroc": 0.99 if grun else np.nan, "n_unlearned": QUESTIONS, "n_retain": QUESTIONS,
                "model_parameters": PARAMETERS}  # fmt: skip
        found["metrics"].append(row)
        found["efficiency"].append(cost(who, rng))
        if who["carrier"]:
            found["losses"] += losses(who, rng)
            found["snapshot_scores"] += path(who, kept)
            found["strength_scores"] += scaled(who, kept)
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


def scaled(who: dict, kept: float) -> list[dict]:
    """The same ends, evenly between: forget Probability comes down by .085 a tenth (of IDK on LoRA .035). Questions differ a
    little, by another factor in each run."""
    stuck = (who["objective"], who["carrier"]) == ("idk", "lora")
    ends = {"forget": (0.95, 0.6 if stuck else 0.1), "retain": (0.9, kept)}
    return [
        {**who, "condition": "scaled", "strength": tenth / 10, "set": name, "index": index,
         "probability": before + (after - before) * tenth / 10 + 0.002 * kept * (index - 1.5)}
        for tenth in range(11) for name, (before, after) in ends.items() for index in range(4)
    ]  # fmt: skip


def choice(seeds: tuple[int, ...] = SEEDS, asked: int = 200) -> Frames:
    """base: 160 of 200 right on both tasks; full and grun near 50 (chance) on forget_domain, near 158 on retain_domain."""
    right = {"": (160, 160), "full": (50, 158), "grun": (48, 158)}
    methods = [(BASE, ""), ("rmu", "full"), ("rmu", "grun")]
    return scored(methods, "tiny-wmdp", ("forget_domain", "retain_domain"), ("accuracy",), seeds,
                  lambda who, place: np.arange(asked) < right[who["carrier"]][place])  # fmt: skip


def tales(
    seeds: tuple[int, ...] = SEEDS, methods: tuple[tuple[str, str], ...] = (("hush", "sieve"), ("hush", "net"))
) -> Frames:
    """Methods that the package does not have, on `hidden` and `open`; every second tale of `hidden` is still known."""
    frames = scored([(BASE, ""), *methods], "small", ("hidden", "open"), ("recall",), seeds,
                    lambda who, place: (np.arange(10) % 2 if who["carrier"] and not place else np.ones(10)) * 0.9)  # fmt: skip
    frames["metrics"] = frames["metrics"].assign(worth=np.linspace(0.7, 0.8, len(frames["metrics"])))
    return frames


def scored(methods, model, sets, metrics, seeds, scores) -> Frames:
    """Frames of a benchmark that starts from the base: scores of (who, place of the set) on each set by each metric; snapshots
    go from what the base knew to them."""
    rng = np.random.default_rng(1)
    found: dict[str, list] = {name: [] for name in ("metrics", "questions", "efficiency", "losses", "snapshot_scores")}
    for who in identities(methods, model, "", seeds, of_target=False):
        row = dict(who)
        for place, name in enumerate(sets):
            values = np.asarray(scores(who, place), float)
            for index, value in enumerate(values):
                found["questions"].append(
                    {
                        "run": who["run"],
                        "condition": "plain",
                        "point": "",
                        "set": name,
                        "index": index,
                        **dict.fromkeys(metrics, value),
                    }
                )
            row |= {f"{name}_{metric}": values.mean() for metric in metrics}
            if who["carrier"]:
                found["snapshot_scores"] += [
                    {**who, "step": step, "set": name, "index": index, **dict.fromkeys(metrics, 0.9 + part * (value - 0.9))}
                    for step, part in ((0, 0.0), (40, 0.5), (80, 1.0)) for index, value in enumerate(values[:8])
                ]  # fmt: skip
        found["metrics"].append(row | {"model_parameters": PARAMETERS})
        if who["carrier"]:
            found["efficiency"].append(cost(who, rng))
            found["losses"] += losses(who, rng)
    return {name: pd.DataFrame(rows) for name, rows in found.items()}


def tell_tales(patch: pytest.MonkeyPatch) -> None:
    """Make the benchmark of TALES known, as a file of the package's would."""
    module = ModuleType(facts.module_of(facts.BENCHMARK, TALES.kind))
    sets = (DataSet(name="hidden", role="forget", file="a"), DataSet(name="open", role="keep", file="b"))
    metrics = (
        Metric("recall", "Recall", lambda rows, role: rows["recall"], reference=BASE, change="gain", shown=("forget", "keep"),
               compared=True),
        Metric("worth", "Worth", lambda run: 1.0, per="run", measures="quality", shown=("run",), compared=True),
    )  # fmt: skip
    probe = ProbeSpec(kind="answers", sets=sets)

    def declare(keys: BenchmarkKeys) -> Benchmark:
        return Benchmark(
            kind="made_up_tales", title="Tales", keys=keys, start=BASE, references=(BASE,), training={}, probes=(probe,),
            stream=lambda edits, sampling, texts: Paired(forget="a", retain="b", refusals="c"), metrics=metrics,
            origin=lambda scratch: ORIGIN, rows={}, lengths=Lengths(1, 1, 1.0, 1), snapshot=lambda questions: probe,
        )  # fmt: skip

    module.Keys, module.declare = BenchmarkKeys, declare  # type: ignore[attr-defined]
    files = facts._files
    own = {TALES.kind: Path("benchmarks", f"{TALES.kind}.py")}
    patch.setattr(facts, "_files", lambda kind: files(kind) | (own if kind == facts.BENCHMARK else {}))
    patch.setitem(sys.modules, module.__name__, module)


class Study:
    """Folders of metrics, and what stages that show results are given of them."""

    def __init__(
        self, folder: Path, parts: list[tuple[BenchmarkSpec, Frames]], absent: tuple[AbsentRun, ...] = ()
    ) -> None:
        self.folders = []
        for spec, frames in parts:
            place = folder / "study" / spec.name / "metrics"
            place.mkdir(parents=True)
            for name, frame in frames.items():
                if len(frame):
                    frame.to_parquet(place / f"{name}.parquet", index=False)
            self.folders.append(place)
        specs = tuple(spec for spec, _ in parts)
        self.shown = {
            "study": "demo",
            "benchmarks": specs,
            "origins": {spec.name: ORIGIN for spec in specs},
            "absent": absent,
        }

    def work(self, out: Path, **inputs: Path) -> Work:
        out.mkdir(parents=True, exist_ok=True)
        return Work({"metrics": self.folders, **{name: [folder] for name, folder in inputs.items()}}, out)

    @property
    def results(self) -> tuple[Results, ...]:
        return read(Shown(**self.shown), Work({"metrics": self.folders}, Path()))


def demo(folder: Path) -> Study:
    """Both of the package's benchmarks, in the demo's shape."""
    return Study(folder, [(TOFU, questions()), (WMDP, choice())])
