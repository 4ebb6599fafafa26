"""Which part of a study is rehearsed: one seed, one condition of each kind, and so few cells that each name occurs in one."""

from typing import Any

from grunflow.config.methods import condition_source
from grunflow.config.study import Resolved, Rows


def grid(study: Resolved) -> list[dict[str, Any]]:
    """For each benchmark and model so many cells that every carrier and every objective stands in one; variants: one of each
    carrier's. Later rows begin with another objective, so that two models try more pairs than one."""
    found: dict[tuple[str, ...], dict[str, Any]] = {}
    turns: dict[str, int] = {}
    for rows in study.grid:
        turn = turns.setdefault(rows.benchmark, 0)
        turns[rows.benchmark] += 1
        for objective, carrier in _pairs(rows, turn):
            row: dict[str, Any] = {
                "benchmark": rows.benchmark,
                "model": rows.model,
                "objectives": [objective],
                "carriers": [carrier],
            }
            if carrier in rows.variants:
                row["variants"] = {carrier: list(rows.variants[carrier][:1])}
            found.setdefault((rows.benchmark, rows.model, objective, carrier), row)
    return list(found.values())


def _pairs(rows: Rows, turn: int) -> list[tuple[str, str]]:
    """Objectives and carriers side by side, the shorter list begun again."""
    objectives, carriers = rows.objectives, rows.carriers
    return [
        (objectives[(place + turn) % len(objectives)], carriers[place % len(carriers)])
        for place in range(max(len(objectives), len(carriers)))
    ]


def first_models(study: Resolved) -> list[str]:
    """The first model of each benchmark: conditions are put to its runs, unless their own `where` says otherwise."""
    first: dict[str, str] = {}
    for rows in study.grid:
        first.setdefault(rows.benchmark, rows.model)
    return list(dict.fromkeys(first.values()))


def conditions(study: Resolved) -> list[str]:
    """The first condition of each kind, or file of the user's."""
    first: dict[Any, str] = {}
    for name in study.conditions:
        first.setdefault(condition_source(study, name).path, name)
    return list(first.values())
