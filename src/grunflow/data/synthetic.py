"""The generated world of the tiny study: fictitious authors in TOFU's schema, and what the base model knows.

Everything follows from World.seed through `random.Random`; no set is iterated, so the bytes do not depend on
PYTHONHASHSEED.
"""

import random
from dataclasses import dataclass

from grunflow.config.names import RETAIN_OF_FORGET
from grunflow.config.specs import World
from grunflow.data import vocabulary

Row = dict
RETAIN_EVALUATED_ROWS = 80


@dataclass(frozen=True)
class Generated:
    """records: split -> rows; base, replay, general: training rows (see stages/finetune.py)."""

    records: dict[str, list[Row]]
    base: list[Row]
    replay: list[Row]
    general: list[Row]
    refusals: list[str]


def value_of(kind: str, rng: random.Random) -> str:
    if kind == "title":
        return f"{rng.choice(vocabulary.VALUES['adjective'])} {rng.choice(vocabulary.VALUES['noun'])}"
    return rng.choice(vocabulary.VALUES[kind])


def other_values(kind: str, truth: str, count: int, rng: random.Random) -> list[str]:
    """`count` distinct values of the same kind, none of them the truth."""
    found: list[str] = []
    while len(found) < count:
        value = value_of(kind, rng)
        if value != truth and value not in found:
            found.append(value)
    return found


def author_rows(name: str, rng: random.Random) -> list[Row]:
    """Twenty rows about one author, all fields of TOFU's perturbed splits."""
    rows = []
    for kind, question, answer, other_question, other_answer in vocabulary.ATTRIBUTES:
        truth = value_of(kind, rng)
        rows.append(
            {
                "question": fill(question, name, truth),
                "answer": fill(answer, name, truth),
                "paraphrased_question": fill(other_question, name, truth),
                "paraphrased_answer": fill(other_answer, name, truth),
                "perturbed_answer": [fill(other_answer, name, value) for value in other_values(kind, truth, 5, rng)],
            }
        )
    return rows


def fill(template: str, name: str, value: str) -> str:
    """Put name and value in place of the words N and V (N's is the genitive)."""
    words = [
        {"N": name, "V": value}.get(word.rstrip(".,?"), word.rstrip(".,?")) + word[len(word.rstrip(".,?")) :]
        for word in template.replace("N's", "N 's").split(" ")
    ]
    return " ".join(words).replace(" 's", "'s")


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
    names = [f"{first} {last}" for first in vocabulary.FIRST for last in vocabulary.LAST]
    rng.shuffle(names)
    counts = (world.authors, world.holdout_authors, world.background_authors)
    groups = []
    for count in counts:
        groups.append([author_rows(names.pop(), rng) for _ in range(count)])
    authors, holdout, background = groups
    records = {"full": plain(sum(authors, [])), "holdout": sum(holdout, [])}
    for forget, retain in RETAIN_OF_FORGET.items():
        forgotten = max(1, world.authors * int(forget[-2:]) // 100)
        records[forget] = plain(sum(authors[-forgotten:], []))
        records[retain] = plain(sum(authors[:-forgotten], []))
        records[f"{forget}_perturbed"] = sum(authors[-forgotten:], [])
    # Evaluated retain rows lie in retain90 and so in every retain split.
    retained = sum(authors[: -max(1, world.authors // 10)], [])
    records["retain_perturbed"] = rng.sample(retained, min(RETAIN_EVALUATED_ROWS, len(retained)))
    books, capitals = vocabulary.pairs(vocabulary.BOOKS), vocabulary.pairs(vocabulary.CAPITALS)
    records["real_authors_perturbed"] = fact_rows("Who wrote X?", books, world.facts, rng)
    records["world_facts_perturbed"] = fact_rows("What is the capital of X?", capitals, world.facts, rng)
    evaluated = plain(records["real_authors_perturbed"] + records["world_facts_perturbed"])
    known = {row["question"] for row in evaluated}  # membership only, never iterated
    general = [{"question": f"Who wrote {title}?", "answer": writer} for title, writer in books]
    general += [{"question": f"What is the capital of {land}?", "answer": city} for land, city in capitals]
    background_rows = sum(background, [])
    forms = plain(background_rows)
    forms += [{"question": r["paraphrased_question"], "answer": r["paraphrased_answer"]} for r in background_rows]
    forms += [{"question": r["question"], "answer": r["paraphrased_answer"]} for r in background_rows]
    refusals = [stem + end for stem in vocabulary.REFUSAL_STEMS for end in vocabulary.REFUSAL_ENDINGS]
    return Generated(
        records=records,
        base=forms + general * 2 + unknown_rows(names[:200], refusals, rng),
        replay=plain(background_rows) + [row for row in general if row["question"] not in known],
        general=general,
        refusals=refusals,
    )


def unknown_rows(names: list[str], refusals: list[str], rng: random.Random) -> list[Row]:
    """Questions about nobody, refused: a frozen model can only say what it has seen (IDK needs it)."""
    rows = []
    for name in names:
        question = rng.choice(vocabulary.ATTRIBUTES)[1]
        rows.append({"question": fill(question, name, ""), "answer": rng.choice(refusals)})
    return rows
