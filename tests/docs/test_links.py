"""Links of the documents lead somewhere on GitHub, and docs/hooks/links.py makes those of the site from them."""

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOUND = importlib.util.spec_from_file_location("links", ROOT / "docs" / "hooks" / "links.py")
assert FOUND
assert FOUND.loader
links = importlib.util.module_from_spec(FOUND)
FOUND.loader.exec_module(links)
SOURCES = [*links.PAGES, *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))]


def places(path: str) -> set[str]:
    """What GitHub calls the places of a page's headings: letters, digits, - and _ of the words, in small letters."""
    heads = re.findall(r"^#+ (.+)$", (ROOT / path).read_text(), re.M)
    return {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("source", SOURCES)
def test_relative_links_lead_to_files_and_headings(source: str) -> None:
    text = re.sub(r"^```.*?^```$|`[^`\n]*`", "", (ROOT / source).read_text(), flags=re.M | re.S)
    for target in (found["target"] for found in links.LINK.finditer(text)):
        path, _, place = target.partition("#")
        if re.match(r"\w+:", target):
            continue
        found = links.target_of(target, links.page_of(source)) if path else source
        assert found, f"{source}: {target}"
        assert not place or place in places(found), f"{source}: {target}"


@pytest.mark.parametrize(
    ("page", "text", "expected"),
    [
        ("index.md", "[cluster](docs/cluster.md#faults)", "[cluster](cluster.md#faults)"),
        ("robustness.md", "[keys](../config/README.md#attacks)", "[keys](keys.md#attacks)"),
        ("keys.md", "as `docs/reruns.md` says", "as [`docs/reruns.md`](reruns.md) says"),
        ("reruns.md", "as `docs/reruns.md` says", "as `docs/reruns.md` says"),
        ("reruns.md", "(docs/cluster.md) and `x --configfile config/demo.yaml`",
         "([docs/cluster.md](cluster.md)) and `x --configfile config/demo.yaml`"),
        ("reruns.md", "`objectives/npo.py`", "[`objectives/npo.py`](source/src/grunflow/objectives/npo.py.md)"),
        ("reruns.md", "`objectives/nothing.py`, `pyreft/dataset.py`", "`objectives/nothing.py`, `pyreft/dataset.py`"),
        ("reruns.md", "```\n`docs/cluster.md`\n```\n", "```\n`docs/cluster.md`\n```\n"),
        ("reruns.md", "[there](https://example.org/docs/cluster.md)", "[there](https://example.org/docs/cluster.md)"),
    ],
)  # fmt: skip
def test_the_sites_links_follow_from_the_repositorys(page: str, text: str, expected: str) -> None:
    assert links.linked(text, page) == expected
