"""What a study of thousands of runs asks behind its last score: `python -m benchmarks.large_study [RUNS]`.

The demo's TOFU with 22 carriers and as many seeds as RUNS (2000) need: made-up scores in the form of stages/evaluate.py lie where
its jobs would have put them. Then aggregation, tables, figures, claims and the report run by their own commands, each in a process
of its own: wall and CPU seconds and the peak of resident memory of each, and the page's size.
"""

import json
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from benchmarks.spent import spent
from grunflow.call import spec_argument
from grunflow.config.job import Job
from grunflow.config.jobs import all_jobs
from grunflow.config.reading import read_study
from grunflow.evaluation.run_metrics import ATTACKS
from grunflow.manifest import MANIFEST, checksums, digest_of, identity, origin
from grunflow.provenance import gpus, provenance

CARRIERS = 22
QUESTIONS = {"forget": 80, "retain": 80, "real_authors": 40, "world_facts": 40}
ON_THE_WAY = {"forget": 20, "retain": 20}
WRONG = 5
STAGES = ("aggregate", "tables", "figures", "claims", "report")


def study_of(runs: int) -> dict[str, Any]:
    """The demo's study of TOFU, of at least so many unlearning runs."""
    study = yaml.safe_load(Path("config/demo.yaml").read_text())
    row = next(row for row in study["grid"] if row["benchmark"] == "tofu")
    methods = CARRIERS * len(row["objectives"])
    edits = {f"grun_{number}": {"kind": "grun", "rank": 1 + number, "layers": [1, 2, 3], "gate": "linear", "gate_weight": 10}
             for number in range(CARRIERS - 2)}  # fmt: skip
    return study | {
        "study": "large",
        "benchmarks": {"tofu": study["benchmarks"]["tofu"]},
        "grid": [row | {"carriers": ["full", "lora", *edits]}],
        "seeds": [{"target_seed": seed, "unlearn_seed": seed} for seed in range(-(-runs // methods))],
        "carriers": {"lora": study["carriers"]["lora"], **edits},
        "objectives": {name: study["objectives"][name] for name in row["objectives"]},
        "training": {name: study["training"]["grun"] for name in ("full", "lora", "grun")},
        "conditions": {"scaled": study["conditions"]["scaled"]},
        "overrides": [],
        "selection": {},
    }


class MadeUp:
    """Folders of the study's jobs with made-up results: how much is known falls along the way of a run, to its own end."""

    def __init__(self) -> None:
        self.rng, self.made_at = np.random.default_rng(0), {**provenance(), **gpus()}
        self.made: dict[str, dict[str, Any]] = {}
        self.origins: dict[str, str] = {}
        self.easy = self.rng.normal(0, 0.3, sum(QUESTIONS.values()))

    def make(self, job: Job) -> None:
        folder = Path(job.folder)
        folder.mkdir(parents=True)
        for name, frame in self.frames(job).items():
            frame.to_parquet(folder / f"{name}.parquet", index=False)
        spec, inputs = job.spec.model_dump(mode="json"), job.inputs
        manifest = {
            "spec": spec, "seeds": {}, "code": job.code, "modules": {}, "files": {}, "measured": self.measured(),
            "inputs": {name: {place: identity(self.made[place]) for place in places} for name, places in inputs.items()},
            "outputs": checksums(folder), "provenance": self.made_at, "command": [],
        }  # fmt: skip
        known = {name: {place: self.origins[place] for place in places} for name, places in inputs.items()}
        manifest["origin"] = self.origins[job.folder] = origin(spec, job.code, {}, known)
        manifest["checksum"] = digest_of(manifest)
        (folder / MANIFEST).write_text(json.dumps(manifest))
        self.made[job.folder] = manifest

    def measured(self) -> dict[str, Any]:
        seconds = 20 + self.rng.uniform()
        return {"seconds": seconds, "cpu_seconds": seconds, "peak_memory_bytes": 2**30, "model_parameters": 10**6,
                "trained_parameters": 400, "steps": 80, "tokens": 30_000, "train_seconds": seconds, "train_flops": 1e9 * seconds,
                "losses": [5.0 / step for step in range(1, 81)]}  # fmt: skip

    def frames(self, job: Job) -> Mapping[str, pd.DataFrame]:
        """What the job's stage writes that aggregation reads."""
        spec: Any = job.spec
        if job.stage == "unlearn":
            steps = np.linspace(0, 1, 6)
            return {"snapshots": pd.concat(
                self.answers(ON_THE_WAY, share, others=False).assign(step=int(80 * share), output="answers") for share in steps
            )}  # fmt: skip
        if job.stage != "evaluate":
            return {}
        strengths = spec.condition.get("strengths")
        if strengths:
            ways = (
                self.answers(ON_THE_WAY, share, others=False, written=False).assign(strength=share)
                for share in strengths
            )
            return {"answers": pd.concat(ways)}
        known = {"retain": 1.0, "target": 0.0}.get(spec.run.split("/")[-1].split("_")[0], 1.0)
        return {"answers": self.answers(QUESTIONS, known), "membership": self.membership()}

    def answers(self, sets: Mapping[str, int], share: float, others: bool = True, written: bool = True) -> pd.DataFrame:
        """A row per question, `share` of the way from the target model to a run's end."""
        names, places = np.repeat(list(sets), list(sets.values())), np.concatenate([range(n) for n in sets.values()])
        end = np.where(names == "forget", self.rng.uniform(1.0, 3.0), self.rng.uniform(0.1, 0.6))
        loss = np.abs(0.05 + share * end + self.easy[: len(names)] * (0.1 + share)) + 0.01
        rows = pd.DataFrame({"index": places, "question": [f"Who wrote book {place}?" for place in places],
                             "answer": [f"Author {place} of {name}" for name, place in zip(names, places, strict=True)]})  # fmt: skip
        if written:
            kept = self.rng.uniform(size=len(rows)) > share * np.where(names == "forget", 0.9, 0.3)
            rows["generation"] = np.where(kept, rows["answer"], "Nobody knows that")
        rows = rows.assign(nll_answer=8 * loss, n_answer=8, set=names)
        if others:
            wrong = 8 * (1.5 + self.rng.normal(0, 0.2, (len(rows), WRONG)).clip(-1, 1))
            rows = rows.assign(nll_paraphrased=8 * loss + 0.5, n_paraphrased=8, nll_perturbed=list(wrong),
                               n_perturbed=[[8] * WRONG] * len(rows))  # fmt: skip
        return rows

    def membership(self) -> pd.DataFrame:
        rows = pd.DataFrame({"index": range(QUESTIONS["forget"])})
        for name in ("exact_memorisation", "extraction_strength", *ATTACKS):
            rows[name] = self.rng.uniform(size=len(rows))
        return pd.concat([rows.assign(set="forget"), rows.assign(set="holdout")])


def command(job: Job) -> list[str]:
    inputs = [f"{name}={folder}" for name, folders in job.inputs.items() for folder in folders]
    Path("inputs.txt").write_text("\n".join(inputs))
    files = [f"--file={file}" for file in job.files]
    return ["grunflow", job.stage, "--spec", spec_argument(job), "--code", job.code, "--input", "@inputs.txt", *files,
            "--out", job.folder]  # fmt: skip


def scored(runs: int, place: Path) -> list[Job]:
    """The study's jobs, those before aggregation done, in `place`, which becomes the working directory."""
    study = study_of(runs)
    (place / "config").symlink_to(Path("config").absolute())
    os.chdir(place)
    jobs, made = all_jobs(read_study(study)), MadeUp()
    for job in jobs:
        if job.stage not in STAGES:
            made.make(job)
    return jobs


def main() -> None:
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as place:
        jobs = scored(int(sys.argv[1]) if len(sys.argv) > 1 else 2000, Path(place))
        print(f"{sum(job.stage == 'unlearn' for job in jobs)} runs, {len(jobs)} jobs", flush=True)
        for job in jobs:
            if job.stage in STAGES:
                seconds, cpu_seconds, peak = spent(command(job), job.stage)
                print(
                    f"{job.stage:10} {seconds:7.1f} s wall {cpu_seconds:7.1f} s CPU {peak / 2**30:5.2f} GiB", flush=True
                )
        for page in sorted(Path("results").rglob("report.html")):
            print(f"{page} {page.stat().st_size / 2**20:.1f} MiB", flush=True)
        os.chdir(here)


if __name__ == "__main__":
    main()
