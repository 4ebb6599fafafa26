"""docs/questions.md quotes messages as the package prints them."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
QUOTED = re.findall(r"^### `([^`]+)`$", (ROOT / "docs" / "questions.md").read_text(), re.M)
OF_SNAKEMAKE = ("Directory cannot be locked",)


@pytest.fixture(scope="module")
def source() -> str:
    """The package's text, strings that are written in parts joined."""
    text = "\n".join(path.read_text() for path in sorted((ROOT / "src" / "grunflow").rglob("*.py")))
    return re.sub(r'"\s*\n\s*f?"', "", text)


@pytest.mark.parametrize("words", [words for words in QUOTED if words not in OF_SNAKEMAKE])
def test_a_quoted_message_is_one_of_the_package(source: str, words: str) -> None:
    pattern = re.escape(words).replace("nan", r"\{loss\}")  # a loss that is not finite is printed as it is
    pattern = pattern.replace(r"torch\ sees", r"torch \{library\.__version__\} sees").replace(
        r"differs\ from\ its", "differs from'.{0,80}its"
    )
    assert re.search(pattern, source), f"no message says {words!r}"
