"""The generated world of the tiny study: fictitious authors in TOFU's schema, and what the base model knows.

Everything follows from World.seed through `random.Random`; no set is iterated, so the bytes do not depend on
PYTHONHASHSEED.
"""

import random
from dataclasses import dataclass

from grunflow.benchmarks.tofu import words
from grunflow.benchmarks.tofu.keys import World
from grunflow.benchmarks.tofu.splits import RETAIN_EVALUATED_ROWS, RETAIN_OF_FORGET, forgotten_authors
from grunflow.data.filling import fill
from grunflow.data.refusals import refusal_sentences

Row = dict


@dataclass(frozen=True)
class Generated:
    """records: split -> rows; base, replay, general and unevaluated (the part of general that no metric reads):
    training rows, see stages/finetune.py and stages/unlearn.py."""

    records: dict[str, list[Row]]
    base: list[Row]
    replay: list[Row]
    general: list[Row]
    unevaluated: list[Row]
    refusals: list[str]


def value_of(kind: str, rng: random.Random) -> str:
    if kind == "title":
        return f"{rng.choice(words.VALUES['adjective'])} {rng.choice(words.VALUES['noun'])}"
    return rng.choice(words.VALUES[kind])


def values_of(kinds: str, rng: random.Random) -> tuple[str, str]:
    """Two different values, of the kinds "first,second"."""
    first, second = kinds.split(",")
    v = value_of(first, rng)
    while (u := value_of(second, rng)) == v:
        pass
    return v, u


def wrong_values(kinds: str, truth: tuple[str, str], count: int, rng: random.Random) -> list[tuple[str, str]]:
    """`count` distinct pairs of the same kinds, each value different from the true one."""
    found: list[tuple[str, str]] = []
    while len(found) < count:
        pair = values_of(kinds, rng)
        if pair not in found and all(ours != true for ours, true in zip(pair, truth, strict=True)):
            found.append(pair)
    return found


def author_rows(name: str, rng: random.Random) -> list[Row]:
    """Twenty rows about one author, all fields of TOFU's perturbed splits."""
    rows = []
    for kinds, question, answer, other_question, other_answer in words.ATTRIBUTES:
        truth = values_of(kinds, rng)
        rows.append(
            {
                "question": fill(question, name, truth),
                "answer": fill(answer, name, truth),
                "paraphrased_question": fill(other_question, name, truth),
                "paraphrased_answer": fill(other_answer, name, truth),
                "perturbed_answer": [fill(other_answer, name, pair) for pair in wrong_values(kinds, truth, 5, rng)],
            }
        )
    return rows


def fact_rows(question: str, pairs: list[tuple[str, str]], count: int, rng: random.Random) -> list[Row]:
    """General knowledge with three wrong options, drawn from the other answers."""
    chosen = rng.sample(pairs, count)
    answers = [answer for _, answer in pairs]
    return [
        {
            "question": question.replace("X", subject),
            "answer": answer,
            "perturbed_answer": rng.sample([other for other in answers if other != answer], 3),
        }
        for subject, answer in chosen
    ]


def plain(rows: list[Row]) -> list[Row]:
    return [{"question": row["question"], "answer": row["answer"]} for row in rows]


def generate(world: World) -> Generated:
    """The whole world; splits as TOFU's: forgetNN are the last NN % of the authors (one author at least)."""
    rng = random.Random(world.seed)
    names = author_names(rng)
    counts = (world.authors, world.holdout_authors, world.background_authors)
    groups = []
    for count in counts:
        groups.append([author_rows(names.pop(), rng) for _ in range(count)])
    authors, holdout, background = groups
    records = {"full": plain(sum(authors, [])), "holdout": sum(holdout, [])}
    for forget, retain in RETAIN_OF_FORGET.items():
        forgotten = forgotten_authors(forget, world.authors)
        records[forget] = plain(sum(authors[-forgotten:], []))
        records[retain] = plain(sum(authors[:-forgotten], []))
        records[f"{forget}_perturbed"] = sum(authors[-forgotten:], [])
    # Evaluated retain rows lie in retain90 and so in every retain split.
    retained = sum(authors[: -forgotten_authors("forget10", world.authors)], [])
    records["retain_perturbed"] = rng.sample(retained, min(RETAIN_EVALUATED_ROWS, len(retained)))
    books, capitals = words.pairs(words.BOOKS), words.pairs(words.CAPITALS)
    records["real_authors_perturbed"] = fact_rows("Who wrote X?", books, world.facts, rng)
    records["world_facts_perturbed"] = fact_rows("What is the capital of X?", capitals, world.facts, rng)
    evaluated = plain(records["real_authors_perturbed"] + records["world_facts_perturbed"])
    known = {row["question"] for row in evaluated}  # membership only, never iterated
    general = general_rows()
    background_rows = sum(background, [])
    forms = plain(background_rows)
    forms += [{"question": r["paraphrased_question"], "answer": r["paraphrased_answer"]} for r in background_rows]
    forms += [{"question": r["question"], "answer": r["paraphrased_answer"]} for r in background_rows]
    refusals = refusal_sentences()
    return Generated(
        records=records,
        base=forms + general * 2 + unknown_rows(names[:200], refusals, rng),
        replay=plain(background_rows),
        general=general,
        unevaluated=[row for row in general if row["question"] not in known],
        refusals=refusals,
    )


def author_names(rng: random.Random) -> list[str]:
    names = [f"{first} {last}" for first in words.FIRST for last in words.LAST]
    rng.shuffle(names)
    return names


def general_rows() -> list[Row]:
    """Who wrote which book, and capitals: all that the word lists hold."""
    books, capitals = words.pairs(words.BOOKS), words.pairs(words.CAPITALS)
    rows = [{"question": f"Who wrote {title}?", "answer": writer} for title, writer in books]
    return rows + [{"question": f"What is the capital of {land}?", "answer": city} for land, city in capitals]


def unknown_rows(names: list[str], refusals: list[str], rng: random.Random) -> list[Row]:
    """Questions about nobody, refused: a frozen model can only say what it has seen (IDK needs it)."""
    rows = []
    for name in names:
        question = rng.choice(words.ATTRIBUTES)[1]
        rows.append({"question": fill(question, name, ("", "")), "answer": rng.choice(refusals)})
    return rows
