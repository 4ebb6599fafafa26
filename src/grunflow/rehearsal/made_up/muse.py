"""MUSE in a rehearsal: short made-up texts and questions in every split."""

from typing import Any

from grunflow.benchmarks.muse import PAIR, SPLITS, Keys
from grunflow.rehearsal.words import LONG, TEXTS, pair, text


def fewer(keys: Keys) -> dict[str, Any]:
    return {"characters": min(keys.characters, LONG)}


def made_up(keys: Keys) -> dict[str, Any]:
    found: dict[str, dict[str, list[dict[str, str]]]] = {}
    for place, name in enumerate(() if keys.folder else SPLITS):
        config, split = name.split("/")
        numbers = range(place * TEXTS, (place + 1) * TEXTS)
        rows = [{"text": text(it), "prompt": text(it), "gt": text(it + 1, 1), **pair(it)} for it in numbers]
        wanted = PAIR if "qa" in split else ("prompt", "gt") if config == "verbmem" else ("text",)
        found.setdefault(config, {})[split] = [{key: row[key] for key in wanted} for row in rows]
    return {keys.repo: found} if found else {}
