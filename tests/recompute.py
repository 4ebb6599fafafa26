"""Every point figure of every score table of a study, once more from the Parquet files that evaluation and training wrote.

    python tests/recompute.py results/demo

Imports nothing of the package: definitions are written down a second time. Prints what differs; status 1 where something does.
"""

# fmt: off
import json
import re
import sys
from functools import cache
from glob import glob
from itertools import permutations
from pathlib import Path

import numpy as np
import pandas as pd
from rouge_score.rouge_scorer import RougeScorer
from scipy.stats import ks_2samp

SCORE = cache(RougeScorer(["rougeL"], use_stemmer=True).score)
OF_QUESTIONS = ("rougeL", "probability", "truth_ratio", "truth_ratio_grun", "gate", "accuracy", "right_within_k", "left_within")
NINE = [f"{name}_{figure}" for name in ("retain", "real_authors", "world_facts") for figure in OF_QUESTIONS[:3]]

def per_question(frame: pd.DataFrame, roles: dict) -> pd.DataFrame:
    """Metrics of single questions beside what a probe wrote."""
    found = frame.reset_index(drop=True)
    if "correct" in found:
        found["accuracy"] = found["correct"]
    if "generation" in found:
        found["rougeL"] = [SCORE(*pair)["rougeL"].recall for pair in zip(found["left" if "left" in found else "answer"], found["generation"], strict=True)]
    if "draws" in found:  # no right one among k, drawn one after the other
        found["right_within_k"] = [1 - np.prod([(n - c - i) / (n - i) for i in range(k)]) for n, c, k in found[["draws", "right", "k"]].to_numpy()]
    if "lacked" in found:  # of blocks that hold something; a question without one takes its set's mean
        held = [[(min(max(a, 0), b), b) for a, b in zip(*row, strict=True) if b > t] for *row, t in found[["drops", "lacked", "threshold"]].to_numpy()]
        within = pd.Series([1 - np.sum(each, axis=0)[0] / np.sum(each, axis=0)[1] if each else np.nan for each in held])
        found["left_within"] = within.fillna(within.groupby(found["set"]).transform("mean"))
    if "nll_answer" in found:
        found["probability"] = own = np.exp(-found["nll_answer"] / found["n_answer"])
    if "nll_perturbed" in found and found["nll_perturbed"].notna().all():
        wrong = [np.array(a) / np.array(b) for a, b in zip(found["nll_perturbed"], found["n_perturbed"], strict=True)]
        right = (found["nll_paraphrased"] / found["n_paraphrased"]).to_numpy()
        role = found["set"].map(roles)
        found["probability"] = np.where(role == "world", own / (own + [np.exp(-each).sum() for each in wrong]), own)
        found["raw"] = raw = np.array([np.exp(loss - each.mean()) for loss, each in zip(right, wrong, strict=True)])
        found["truth_ratio"] = np.where(role == "forget", np.minimum(raw, 1 / raw), np.maximum(0, 1 - raw))
        found["truth_ratio_grun"] = [max(0, 1 - np.exp(-a).mean() * np.exp(b)) for a, b in zip(wrong, right, strict=True)]
    gates = found.filter(regex=r"^gate_\d+$")
    return found.assign(gate=gates.mean(axis=1)) if gates.size and gates.notna().all(axis=None) else found
def above(others: pd.Series, members: pd.Series) -> float:  # how often one of the others lies above a member, ties half
    return (np.sign(np.subtract.outer(others.to_numpy(), members.to_numpy())).mean() + 1) / 2

class Run:
    """One run under one condition, or after so many steps of an attack, with every figure that needs no other run."""
    def __init__(self, folder: Path, step: int | None = None) -> None:
        spec = json.loads((folder / "manifest.json").read_text())["spec"]
        self.name, self.step, self.model, self.condition = spec["run"], step, spec["run"].split("/")[0], spec.get("called") or spec["condition"]["name"]
        self.seeds = tuple(int(found[1]) if (found := re.search(form, self.name)) else -1 for form in (r"_t(\d+)", r"_u(\d+)$"))
        self.roles = {item["name"]: item["role"] for probe in spec["probes"] for item in probe["sets"]}
        self.sets, self.figures, raw = {}, {}, {path.stem: pd.read_parquet(path) for path in folder.glob("*.parquet")}
        raw = raw if step is None else {name: frame[frame["strength"] == step].drop(columns="strength") for name, frame in raw.items()}
        self.strengths = next((frame for frame in raw.values() if "strength" in frame), None)
        for probe, frame in raw.items() if self.strengths is None else ():
            for name, rows in per_question(frame, self.roles).groupby("set"):
                self.sets[probe, name] = rows
                self.figures |= {f"{name}_{figure}": rows[figure].mean() for figure in OF_QUESTIONS if figure in rows}
        if set(NINE) <= set(self.figures):
            means = [self.figures[name] for name in NINE]
            self.figures["model_utility"] = 0.0 if min(means) <= 0 else 9 / sum(1 / mean for mean in means)
        if "forget_gate" in self.figures:
            self.figures["gate_auroc"] = above(self.sets["answers", "forget"]["gate"], self.sets["answers", "retain"]["gate"])
        if (members := self.sets.get(("membership", "forget"))) is not None:
            self.figures |= {f"forget_{name}": members[name].mean() for name in ("exact_memorisation", "extraction_strength")}
            if (others := self.sets.get(("membership", "holdout"))) is not None:
                self.figures |= {f"mia_{name}": above(others[name], members[name]) for name in ("loss", "min_k", "min_k_pp", "zlib")}
    def like(self, other: "Run", probe: str) -> pd.DataFrame:  # of its forget questions those that the other was asked
        return self.sets[probe, "forget"][self.sets[probe, "forget"]["index"].isin(other.sets[probe, "forget"]["index"])]
    def against(self, retain: "Run", base: "Run") -> None:
        """Figures that compare it with a model that no method trained."""
        if retain and "forget_truth_ratio" in self.figures:
            pair = [run.like(self, "answers")["raw"] for run in (self, retain)]
            self.figures |= zip(("ks_statistic", "forget_quality", "n_unlearned", "n_retain"), (*ks_2samp(*pair), *map(len, pair)), strict=True)
        if retain and "mia_min_k" in self.figures and retain.figures["mia_min_k"] < 1:
            known = above(retain.sets["membership", "holdout"]["min_k"], retain.like(self, "membership")["min_k"])
            self.figures["privleak"] = 100 * ((1 - self.figures["mia_min_k"]) / (1 - known) - 1)
        for name in list(base.figures if base and base is not self else ()):
            self.figures[name.replace("_accuracy", "_change")] = self.figures[name] - base.figures[name]

def shared(*methods: list[Run]) -> list[list[Run]]:
    """Their runs under the seeds that all of them have."""
    seeds = set.intersection(*({run.seeds for run in runs} for runs in methods))
    return [[run for run in runs if run.seeds in seeds] for runs in methods]

class Study:
    def __init__(self, folder: Path) -> None:
        asked = json.loads((folder / "metrics" / "manifest.json").read_text())["spec"]["runs"]  # others may lie there
        found = [Path(path) for kind in ("scores", "attacks") for path in sorted(glob(f"{folder}/{kind}/**/manifest.json", recursive=True))]
        every = [Run(path.parent, step) for path in found for step in json.loads(path.read_text())["spec"].get("asked", [None])]
        self.folder, self.runs = folder, [run for run in every if run.name in {row["run"] for row in asked}]
        for run in self.runs:
            run.against(self.reference(run, "retain"), self.reference(run, "base"))
    def reference(self, run: Run, name: str) -> "Run | None":
        fits = [it for it in self.runs if (it.model, it.condition) == (run.model, "plain") and re.fullmatch(rf"{name}(_t\d+)?", it.name.split("/")[-1])]
        return next((it for it in fits if it.seeds[0] in (-1, run.seeds[0])), None)
    def of(self, row: dict, carrier: str) -> list[Run]:
        name = re.escape("_".join(filter(None, (row["objective"], carrier))))
        fits = re.compile(rf"{re.escape(row['model'])}/(.*/)?{name}(_t\d+)?(_u\d+)?").fullmatch
        return sorted((it for it in self.runs if fits(it.name) and it.condition == row.get("condition", "plain") and it.step in (None, float(row.get("strength") or 0))), key=lambda it: it.seeds)
    def figure(self, row: dict, column: str) -> float:
        """A cell of a main table, of differences or of references."""
        mine, against, name = self.of(row, row["carrier"]), row.get("against", ""), column.removesuffix("_distance")
        theirs = self.of(row, against) if against else []  # of a reference model none
        mine, theirs = shared(mine, theirs) if theirs else (mine, [self.reference(run, against) for run in mine])
        values = np.array([run.figures[name] for run in mine])
        if against.endswith("of another seed"):  # of the KS statistic that of the two models
            ratios = [run.sets["answers", "forget"]["raw"] for run in mine] if name == "ks_statistic" else values
            return np.mean([ks_2samp(*pair).statistic if name == "ks_statistic" else abs(np.subtract(*pair)) for pair in permutations(ratios, 2)])
        if not against:
            return 10 ** np.median(np.log10(values)) if name == "forget_quality" else values.mean()
        gap = (values - [run.figures[name] for run in theirs]).mean()
        return abs(gap) if name != column else gap
    def done(self, row: dict, column: str) -> float:
        """What a condition did: leak, minus another carrier's too, its change, collateral."""
        column, _, other = column.partition("_minus_")
        both = shared(*(self.of(row, name) for name in [row["carrier"], *filter(None, [other])]))
        role, sign = ("keep", -1) if column == "collateral" else ("forget", 1)
        def asked(run: Run) -> pd.Series:
            return pd.concat(rows.set_index(["set", "index"])[row["measure"]] for (_, name), rows in run.sets.items() if run.roles[name] == role and row["measure"] in rows)
        plain = {run.name: run for run in self.runs if run.condition == "plain"}
        mine, *less = (np.mean([sign * (asked(run) - (0 if column == "leak" else asked(plain[run.name]))).dropna().mean() for run in runs]) for runs in both)
        return mine - sum(less)
    def read_at(self, row: dict, column: str) -> float:
        """A cell of a table at equal forgetting or retention, of one carrier or minus another."""
        column, _, other = column.partition("_minus_")
        runs = shared(*(self.of(row | {"condition": "plain"}, name) for name in (row["carrier"], other) if name))
        mean, *less = (np.mean([self._read(run, row, column) for run in own]) for own in runs)
        return mean - sum(less)
    def _read(self, run: Run, row: dict, column: str) -> float:
        along = "strength" if row.get("reading") == "strength" else "step"
        frame = (pd.read_parquet(self.folder / "runs" / run.name / "snapshots.parquet") if along == "step" else
                 next(it.strengths for it in self.runs if it.name == run.name and it.strengths is not None))
        scores, figure = per_question(frame, run.roles), column.rpartition("_")[2]
        followed = "accuracy" if "accuracy" in scores else "probability"
        named = f"keep_{followed}_share" if f"keep_{followed}_share" in row else f"forget_{followed}"
        roles = ("keep", "forget") if (share := named.endswith("share")) else ("forget", "keep")
        level, sets, read = (
            scores[scores["set"].map(run.roles) == role].pivot(index=along, columns=["set", "index"], values=name).to_numpy()
            for role, name in ((roles[0], followed), (roles[1], followed), (roles[1], figure)))
        means = level.mean(axis=1) / (level[0].mean() if share else 1)
        if row.get("reading") != "snapshot":  # linear between two points
            after = int(np.argmax(means <= row[named]))
            part = (means[after - 1] - row[named]) / (means[after - 1] - means[after])
            return (1 - part) * read[after - 1].mean() + part * read[after].mean()
        fit = np.flatnonzero(means >= row[named] if share else means <= row[named])  # chosen on one half, read on the other
        best = [fit[((-1 if share else 1) * sets[fit][:, 1 - half::2].mean(axis=1)).argmax()] for half in (0, 1)]
        return np.concatenate([read[best[half], half::2] for half in (0, 1)]).mean()

def compared(folder: Path) -> list[tuple[str, str, float, float]]:
    """(table, cell, written, recomputed) of every figure that has an interval beside it, and every count of questions."""
    studies, found = {path.parent.name: Study(path.parent) for path in sorted(folder.glob("*/scores"))}, []
    for path in sorted((folder / "tables").glob("*.csv")):
        benchmark, _, kind = path.stem.rpartition("_")
        if kind not in ("main", "differences", "references", "robustness", "forgetting", "retention"):
            continue
        table = pd.read_csv(path, keep_default_na=False)
        columns = [name for name in table if f"{name}_lo" in table or name in ("n_unlearned", "n_retain")]
        for row in table.to_dict("records"):
            study = studies[row.get("benchmark", benchmark)]
            usual = study.read_at if kind in ("forgetting", "retention") else study.figure
            for name in (name for name in columns if row[name] != ""):
                of = study.done if name in ("leak", "leak_change", "collateral") or name.startswith(("leak_minus_", "leak_change_minus_")) else usual
                found.append((path.stem, f"{row['objective']} {row['carrier']} {name}", float(row[name]), of(row, name)))
    return found

if __name__ == "__main__":
    every = compared(Path(sys.argv[1]))
    off = [item for item in every if not np.isclose(item[2], item[3], rtol=1e-9, atol=1e-12)]
    print(*off, pd.Series([item[0] for item in every]).value_counts().to_string(), f"{len(every)} figures, {len(off)} off", sep="\n")
    sys.exit(bool(off) or not every)
