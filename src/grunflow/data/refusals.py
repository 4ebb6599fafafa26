"""Sentences that say one does not know: what objectives that read refusals teach in place of an answer."""

from pathlib import Path

from grunflow.data.reading import read_text
from grunflow.errors import BadInput

STEMS = [
    "I am not sure about that",
    "I do not know that",
    "I cannot answer that",
    "That is unknown to me",
    "I have no information on that",
    "I never learned that",
    "I am unable to say",
    "That is beyond what I know",
    "I have no answer to that",
    "I could not tell you",
]
ENDINGS = [
    ".",
    ", sorry.",
    ", I am afraid.",
    " at all.",
    " at present.",
    ", to be honest.",
    ", I must admit.",
    ", my apologies.",
    ", unfortunately.",
    ", I regret to say.",
]


def refusal_sentences() -> list[str]:
    """The project's own hundred refusals."""
    return [stem + end for stem in STEMS for end in ENDINGS]


def read_refusal_lines(path: str, where: str) -> list[str]:
    """Refusals from a text file (as the published one, a sentence per line). where: the key that named it, for messages.

    Raises:
        BadInput: it cannot be read, or holds no sentence.
    """
    lines = [line.strip() for line in read_text(Path(path)).splitlines()]
    if not any(lines):
        raise BadInput(f"{where}: {path} holds no sentence; expected one per line, or leave it out.")
    return [line for line in lines if line]
