"""Write what of docs/ follows from the code: `python -m grunflow.reference`, from the repository's root.

tests/reference/test_reference.py fails where the pages are not what this would write.
"""

from pathlib import Path

from grunflow.reference.commands import commands
from grunflow.reference.files import files
from grunflow.reference.terms import terms

COMMAND = "python -m grunflow.reference"
START, END = f"<!-- Written by `{COMMAND}` from here -->", "<!-- to here -->"
PAGES = {"docs/commands.md": commands, "docs/files.md": files, "docs/reading.md": terms}


def main() -> None:
    for path, text in written().items():
        path.write_text(text)


def written() -> dict[Path, str]:
    """Page -> what is to stand in it: people write what is around the two marks."""
    return {Path(name): _filled(Path(name).read_text(), made()) for name, made in PAGES.items()}


def _filled(page: str, text: str) -> str:
    before, _, rest = page.partition(START)
    return f"{before}{START}\n\n{text}\n\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    main()
