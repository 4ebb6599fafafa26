"""Made-up rows, benign and short: rows count here, not what they say."""

from typing import Any

CHOICES = 4
TEXTS = 12  # of each corpus
# One that a length in characters lets pass, in few tokens of most vocabularies.
LONG = 480


def question(number: int) -> dict[str, Any]:
    """Four options, as WMDP and MMLU ask."""
    return {
        "question": f"Which colour has the kettle on shelf {number}?",
        "subject": "kettles",
        "choices": [f"{colour} {number}" for colour in ("red", "blue", "green", "white")],
        "answer": number % CHOICES,
    }


def pair(number: int, group: int = 20) -> dict[str, str]:
    """A question about one of `group` books of an author, and its answer."""
    return {"question": f"Who wrote book {number}?", "answer": f"Author {number // group}."}


def text(number: int, characters: int = LONG) -> str:
    """A text of about so many characters, in which words come again."""
    sentence = f"The kettle on shelf {number} is warm. "
    return (sentence * (characters // len(sentence) + 1)).strip()
