"""What ROUGE can see of a text: rouge-score's tokenizer knows the letters a to z and digits, after lower-casing, and nothing else.

An answer in Chinese, Arabic or emoji has no word there, so its ROUGE-L would be 0 however well it was answered, and with it
Model Utility. Such references are refused where they are read; nothing of another script is averaged as if it were wrong.
"""

from collections.abc import Iterable

from grunflow.errors import BadInput

KNOWN = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")
LEAST = 0.5  # share of a text's letters and digits: "Müller" is measured by most of it, "Санкт-Петербург 1703" is not


def seen_by_rouge(text: str) -> bool:
    """Whether ROUGE knows a word of the text, and at least half of its letters and digits."""
    written = [character for character in text.lower() if character.isalnum()]
    known = sum(character in KNOWN for character in written)
    return known > 0 and known >= LEAST * len(written)


def check_reference(answer: str, where: str) -> None:
    """A right answer can be scored by ROUGE-L.

    Raises:
        BadInput: it cannot.
    """
    if not seen_by_rouge(answer):
        raise BadInput(
            f"{where}: got {answer[:40]!r}, of which ROUGE-L sees nothing or the smaller part (its tokenizer knows a-z and 0-9 "
            "only), so it would be 0 however well it is answered; leave the question out, or write the answer in Latin letters."
        )


def check_references(answers: Iterable[str], where: str) -> None:
    """check_reference of each, by its place."""
    for place, answer in enumerate(answers):
        check_reference(answer, f"{where}[{place}].answer")
