"""WMDP in a rehearsal: texts about kettles in place of every corpus, and as harmless questions."""

from typing import Any

from grunflow.benchmarks.wmdp.keys import Craft, Keys
from grunflow.config.sets import Source
from grunflow.rehearsal.benchmarks import Repositories
from grunflow.rehearsal.hub import ANY
from grunflow.rehearsal.words import TEXTS, question, text

QUESTIONS = 2  # of each task; of a group as MMLU each of its parts
CRAFT = Craft(things=8)


def fewer(keys: Keys) -> dict[str, Any]:
    craft = keys.sources.craft
    found: dict[str, Any] = {
        "limit": min(keys.limit or QUESTIONS, QUESTIONS),
        "texts": {**keys.texts.model_dump(mode="json"), "samples": min(keys.texts.samples or TEXTS, TEXTS)},
    }
    if craft:
        found["sources"] = {"craft": {"seed": craft.seed, "things": min(craft.things, CRAFT.things)}}
    return found


def made_up(keys: Keys) -> Repositories:
    sources = keys.sources
    corpora = [*sources.forget.values(), sources.retain, *sources.summaries.values(), sources.retain_summaries]
    found: Repositories = {}
    for source in filter(None, corpora):
        _add(found, source, [{source.field: text(number)} for number in range(2 * TEXTS)])
    for source in sources.questions.values():
        _add(found, source, [question(number) for number in range(2 * QUESTIONS)])
    return found


def _add(found: Repositories, source: Source, rows: list[dict[str, Any]]) -> None:
    if source.repo:
        found.setdefault(source.repo, {}).setdefault(source.config or ANY, {})[source.split] = rows
