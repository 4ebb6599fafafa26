"""TOFU in a rehearsal: records of every split in the published numbers, short, with made-up authors."""

from typing import Any

from grunflow.benchmarks.tofu.keys import Keys, World
from grunflow.benchmarks.tofu.splits import HOLDOUT, TOFU_ROWS
from grunflow.rehearsal.benchmarks import Repositories
from grunflow.rehearsal.words import pair

RETAIN_AUTHORS = 2
HELD_OUT = QUESTIONS = 20
WRONG = 2
WORLD = World(authors=10, background_authors=2, holdout_authors=1, facts=8)


def fewer(keys: Keys) -> dict[str, Any]:
    """Few retain rows, of which every second is evaluated, and few questions of each set; a generated world is made small."""
    asked = {"questions": min(keys.questions or QUESTIONS, QUESTIONS)}
    if keys.world:
        sizes = {name: min(getattr(keys.world, name), getattr(WORLD, name)) for name in World.model_fields}
        return asked | {"world": sizes | {"seed": keys.world.seed}}
    return asked | {"retain_authors": min(keys.retain_authors or RETAIN_AUTHORS, RETAIN_AUTHORS)}


def made_up(keys: Keys) -> Repositories:
    if keys.world or keys.folder:
        return {}
    full = [pair(number) for number in range(max(TOFU_ROWS.values()))]
    found = {}
    for split, count in TOFU_ROWS.items():
        if split.startswith(("real_authors", "world_facts")):
            rows = [pair(len(full) + number) for number in range(count)]
        else:
            rows = full[-count:] if split.startswith("forget") else full[:count]
        found[split] = {"train": [_evaluated(row) for row in rows] if split.endswith("_perturbed") else rows}
    found[HOLDOUT] = {"train": [_evaluated(pair(2 * len(full) + number)) for number in range(HELD_OUT)]}
    return {keys.repo: found}


def _evaluated(row: dict[str, Any]) -> dict[str, Any]:
    wrong = [f"Author {number} or so." for number in range(WRONG)]
    more = {"paraphrased_question": f"By whom is it: {row['question']}", "paraphrased_answer": f"It is {row['answer']}"}
    return row | more | {"perturbed_answer": wrong}
