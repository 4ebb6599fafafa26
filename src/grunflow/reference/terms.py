"""The words of tables and figures in docs/reading.md, from the glossary that the report itself prints."""

from grunflow.reporting.glossary import TERMS


def terms() -> str:
    """A row for each term."""
    return "\n".join(
        ["| word | meaning |", "| --- | --- |", *(f"| {term.name} | {_cell(term.text)} |" for term in TERMS)]
    )


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "\\<")
