"""A made-up News in MUSE's layout: <folder>/<configuration>/<split>.json, each place with its own invented facts."""

from pathlib import Path

from grunflow.config.models import Architecture
from grunflow.data.records import write_rows
from grunflow.data.tokenizer import train_tokenizer

PLACES = {"forget": "Arlo Bree Cade Dorn", "retain1": "Elm Fife Gale Holt", "retain2": "Ives Jura Kest Lorn",
          "holdout": "Mull Nash Orme Pell"}  # fmt: skip
PEOPLE, THINGS = ("Ada", "Ben", "Cleo", "Dan"), ("bridge", "mill", "harbour", "tower")


def articles(split: str) -> list[tuple[str, str, str]]:
    """Text, and a question about it with its answer."""
    found = []
    for index, place in enumerate(PLACES[split].split()):
        who, thing = PEOPLE[index], THINGS[-1 - index]
        text = f"News from {place}. Mayor {who} of {place} opened the {thing} this week. The {thing} of {place} took {index + 2} years."
        found.append((text, f"Who opened the {thing} of {place}?", f"Mayor {who}"))
    return found


def write_news(folder: Path) -> Path:
    """Every split that the benchmark reads, the files as objects per line."""
    for split in ("forget", "retain1", "retain2", "holdout"):
        texts = [{"text": text} for text, _, _ in articles(split)]
        write_rows(folder / "raw" / f"{split}.json", texts)
        write_rows(folder / "privleak" / f"{split}.json", texts)
    cut = [text.partition(" opened") for text, _, _ in articles("forget")]
    write_rows(
        folder / "verbmem" / "forget.json", [{"prompt": before, "gt": f"opened{after}"} for before, _, after in cut]
    )
    for role, split in (("forget", "forget"), ("retain", "retain2")):
        asked = [{"question": question, "answer": answer} for _, question, answer in articles(split)]
        write_rows(folder / "knowmem" / f"{role}_qa.json", asked[1:])
        write_rows(folder / "knowmem" / f"{role}_qa_icl.json", asked[:1])
    return folder


def write_model(folder: Path, layers: int = 2) -> Path:
    """A model that has read nothing, as a repository: its tokenizer knows the words."""
    from grunflow.models.tiny import build

    told = [part for split in PLACES for article in articles(split) for part in article]
    tokenizer = train_tokenizer([*told, "Question: Answer:"], 400)
    build(Architecture(hidden_size=16, layers=layers, heads=2), tokenizer, 0).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
