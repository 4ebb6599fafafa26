"""Where a path that a page names leads to: another page, or a page that shows the file. Knows nothing of mkdocs."""

import posixpath
import re
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
# Files of the repository that are pages of the site; those of docs/ are, too, under their own names.
PAGES = {
    "README.md": "index.md",
    "config/README.md": "keys.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
}
BEGINNINGS = ("", "src/grunflow/")  # documents name modules from the package's folder on
LINK = re.compile(r"(?P<text>!?\[[^\]]*\])\((?P<target>[^)\s]+)\)")
CODE = re.compile(r"`(?P<path>[\w.-]+(?:/[\w.-]+)+)`")
BARE = re.compile(r"(?<![\w/.])(?P<path>(?:docs|config)/[\w/]+\.(?:md|yaml))\b")
TOKEN = re.compile(r"(!?\[[^\]]*\]\([^)\s]+\)|`+[^`]+`+)")
FENCE = re.compile(r"^\s*(```+|~~~+)")


def page_of(path: str) -> str:
    """The page of a file of the repository, by its path."""
    if path in PAGES:
        return PAGES[path]
    return path.removeprefix("docs/") if path.startswith("docs/") else f"source/{path}.md"


def origin_of(page: str) -> str:
    """The file of the repository that a page is made from."""
    return {page: path for path, page in PAGES.items()}.get(page, f"docs/{page}")


def linked(text: str, page: str) -> str:
    """The page's Markdown with links as the site needs them, and a link at each file that is only named."""

    def way(found: re.Match, path: str) -> str:
        to = posixpath.relpath(page_of(path), posixpath.dirname(page) or ".")
        if "target" not in found.groupdict():
            return found[0] if page_of(path) == page else f"[{found[0]}]({to})"
        anchor = found["target"].partition("#")[2]
        return f"{found['text']}({to}{'#' * bool(anchor)}{anchor})"

    return "".join(_prose(text, page, way))


def files_named(text: str, page: str) -> list[str]:
    """Paths of the files that the page links to or names."""
    found: list[str] = []

    def note(match: re.Match, path: str) -> str:
        found.append(path)
        return match[0]

    for _ in _prose(text, page, note):
        pass
    return found


def target_of(target: str, page: str) -> str:
    """The file that a relative link leads to; "" for addresses and places within the page."""
    path = target.partition("#")[0]
    if not path or re.match(r"\w+:", path):
        return ""
    found = posixpath.normpath(posixpath.join(posixpath.dirname(origin_of(page)), path))
    return found if (ROOT / found).is_file() else ""


def file_of(words: str) -> str:
    """The file of the repository that is named by these words: a path with a folder and an ending."""
    if "/" not in words or "." not in words.rpartition("/")[2]:
        return ""
    return next((start + words for start in BEGINNINGS if (ROOT / start / words).is_file()), "")


def _prose(text: str, page: str, change: Callable[[re.Match, str], str]) -> Iterator[str]:
    """The lines; outside of blocks of code what names a file of the repository is changed, given the match and the file's path."""
    fence = ""

    def token(words: str) -> str:
        pattern = LINK if words.endswith(")") and LINK.fullmatch(words) else CODE if words.startswith("`") else BARE

        def changed(found: re.Match) -> str:
            path = target_of(found["target"], page) if pattern is LINK else file_of(found["path"])
            return change(found, path) if path else found[0]

        return pattern.sub(changed, words)

    for line in text.splitlines(keepends=True):
        mark = FENCE.match(line)
        if mark and (not fence or mark[1].startswith(fence)):
            fence = "" if fence else mark[1]
            yield line
        else:
            yield line if fence or line.startswith("    ") else "".join(map(token, TOKEN.split(line)))
