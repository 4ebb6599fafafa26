"""Sentences of generated worlds: a template with a name and values put in."""

import re


def fill(template: str, name: str, values: tuple[str, str]) -> str:
    """Put name and values in place of the words N, V and U."""
    by_letter = {"N": name, "V": values[0], "U": values[1]}
    return re.sub(r"\b[NVU]\b", lambda match: by_letter[match.group()], template)
