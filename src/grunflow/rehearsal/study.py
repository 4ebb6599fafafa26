"""A study -> its rehearsal, as a config and a sheet of models: what costs time is cut down, every other key is the study's.

Repositories keep their names: they are looked up in a cache of the rehearsal's own (hub.py). What depends on a model's width is
the sheet's, and so jobs ask a cluster for what the study's jobs will ask for.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from grunflow.config.methods import carrier_source, condition_of
from grunflow.config.models import Model
from grunflow.config.sets import Snapshots
from grunflow.config.sheet import REPOSITORY
from grunflow.config.strengths import along
from grunflow.config.study import Resolved
from grunflow.config.where import of_any_seed
from grunflow.rehearsal import benchmarks, cells
from grunflow.rehearsal.words import TEXTS

PREFIX = "rehearsal"
STEPS = 2  # of a training: the second one starts from moments
TOKENS = 4  # of a generated answer
QUESTIONS = 2  # asked of each set on the way
STRENGTHS = [0.0, 0.5, 1.0]


def name_of(study: str) -> str:
    return f"{PREFIX}_{study}"


def rehearsed(config: dict[str, Any], study: Resolved, folder: Path, whole: bool) -> dict[str, Any]:
    """The config of the rehearsal.

    Args:
        config: of the study, as it is written.
        study: the same, read.
        folder: where sheet and commits of the rehearsal are to lie.
        whole: every seed, cell, condition and request.
    """
    found = moved(without_revisions(config)) | {
        "study": name_of(study.study),
        "title": f"Rehearsal of: {study.title}",
        "models_sheet": str(folder / "models.yaml"),
        "revisions": str(folder / "commits.yaml"),
        "training": {name: short(keys) for name, keys in study.training.items()},
        "variants": {name: _short_parts(parts) for name, parts in study.variants.items()},
        "overrides": [_short_parts(given) for given in config.get("overrides") or []],
        "snapshots": few_snapshots(study.snapshots),
        "max_new_tokens": min(study.max_new_tokens, TOKENS),
        "conditions": {name: _few_strengths(study, name) for name in study.conditions},
        "attacks": {name: attack | {"steps": [0, 1]} for name, attack in (config.get("attacks") or {}).items()},
        "selection": {},
        "failed": {},  # whatever ended a run, it ended none of these
    }
    found["benchmarks"] = {name: _benchmark(study, name, keys) for name, keys in found["benchmarks"].items()}
    if not whole:
        first = {"where": {"model": cells.first_models(study)}}
        found |= {
            "seeds": found["seeds"][:1],
            "grid": cells.grid(study),
            "conditions": {name: first | of_any_seed(found["conditions"][name]) for name in cells.conditions(study)},
            "attacks": {name: of_any_seed(keys) for name, keys in found["attacks"].items()},
            "sequences": {
                name: of_any_seed(asked) | {"requests": 2} for name, asked in (config.get("sequences") or {}).items()
            },
        }
    return found


def sheet_of(rows: dict[str, dict[str, Any]], models: Mapping[str, Model]) -> dict[str, dict[str, Any]]:
    """The sheet with short trainings. A model's shape is written out: its folder, which may have told it, is another now.

    Args:
        models: the rows as they were read.
    """
    found = {}
    for name, row in moved(without_revisions(rows)).items():
        trained = {key: short(value) if isinstance(value, dict) else value for key, value in row.items()}
        trained["architecture"] = models[name].architecture.model_dump(mode="json", exclude_none=True)
        found[name] = {key: value for key, value in trained.items() if key != "sources"}
    return found


def moved(node: Any) -> Any:
    """The same with local folders of models called as repositories of the rehearsal's cache."""
    if isinstance(node, dict):
        return {key: called(part) if key == "repo" else moved(part) for key, part in node.items()}
    return [moved(part) for part in node] if isinstance(node, list) else node


def called(repo: str | None) -> str | None:
    """A repository's own name; of a local folder one that follows from its path."""
    if not repo or (REPOSITORY.fullmatch(repo) and not Path(repo).is_dir()):
        return repo
    return f"{PREFIX}/{Path(repo).resolve().name}-{hashlib.sha256(repo.encode()).hexdigest()[:8]}"


def without_revisions(node: Any) -> Any:
    """The same without commits: the rehearsal's repositories have commits of their own, which stand in `revisions`."""
    if isinstance(node, dict):
        return {key: without_revisions(part) for key, part in node.items() if key != "revision"}
    return [without_revisions(part) for part in node] if isinstance(node, list) else node


def short(training: dict[str, Any]) -> dict[str, Any]:
    """A training of few steps; keys that say nothing of how many stay as they are."""
    counted = {"steps", "epochs"} & training.keys()
    return training | ({"steps": STEPS, "epochs": None} if counted else {})


def _short_parts(parts: dict[str, Any]) -> dict[str, Any]:
    """Of an override or variant: its training, and how many texts it takes."""
    found = dict(parts)
    if found.get("training"):
        found["training"] = short(found["training"])
    if (found.get("texts") or {}).get("samples"):
        found["texts"] = found["texts"] | {"samples": min(found["texts"]["samples"], TEXTS)}
    return found


def few_snapshots(asked: Snapshots) -> dict[str, Any]:
    """One on the way where there are any, of few questions."""
    count = 1 if asked.count or asked.steps else 0
    return {**asked.model_dump(mode="json"), "count": count, "steps": [], "questions": min(asked.questions, QUESTIONS)}


def _few_strengths(study: Resolved, name: str) -> dict[str, Any]:
    given = study.conditions[name]
    return given | ({"strengths": STRENGTHS} if along(condition_of(study, name)) else {})


def _benchmark(study: Resolved, name: str, keys: dict[str, Any]) -> dict[str, Any]:
    """Its keys with few rows, as the benchmark itself says."""
    spec = study.benchmark(name)
    found = keys | benchmarks.fewer(spec)
    own = spec.keys.get("snapshots")
    return found | ({"snapshots": few_snapshots(Snapshots(**own))} if own else {})


def least_width(study: Resolved) -> int:
    """The largest rank that a carrier of the grid, or an override, may ask of a model's width; 1 where none does."""
    ranks = [1]
    for carrier in dict.fromkeys(name for rows in study.grid for name in rows.carriers):
        facts = carrier_source(study, carrier).facts
        for key in (key for key, word in facts.get("LIMITS", {}).items() if word == "rank"):
            given = [study.carriers.get(carrier, {}), *(item.carrier for item in study.overrides)]
            given += [parts.get("carrier", {}) for parts in study.variants.values()]
            ranks += [int(keys[key]) for keys in given if keys.get(key)]
    return max(ranks)
