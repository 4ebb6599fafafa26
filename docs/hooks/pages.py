"""A hook of mkdocs: pages from files outside docs/, a page that shows each file that is named, and links that lead there."""

from pathlib import Path
from typing import Any

from links import PAGES, ROOT, files_named, linked, page_of
from mkdocs.structure.files import File, Files

LANGUAGES = {
    ".py": "python",
    ".yaml": "yaml",
    ".yml": "yaml",
    ".json": "json",
    ".smk": "python",
    ".sh": "bash",
    ".md": "markdown",
}
# Found by the page that names them, not by a search or the navigation.
SOURCE = "---\ntitle: {path}\nsearch: {{exclude: true}}\nhide: [navigation, toc]\n---\n\n# {path}\n\n{fence}{language}\n{text}\n{fence}\n"
FENCE = "`" * 8


def on_files(files: Files, config: Any) -> Files:
    for path, page in PAGES.items():
        files.append(File.generated(config, page, content=(ROOT / path).read_text()))
    named = {path for file in files.documentation_pages() for path in files_named(file.content_string, file.src_uri)}
    known = {file.src_uri for file in files}
    for path in sorted(named):
        if page_of(path) not in known:
            files.append(File.generated(config, page_of(path), content=_shown(path)))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    return markdown if page.file.src_uri.startswith("source/") else linked(markdown, page.file.src_uri)


def _shown(path: str) -> str:
    text = (ROOT / path).read_text().rstrip("\n")
    return SOURCE.format(path=path, fence=FENCE, language=LANGUAGES.get(Path(path).suffix, "text"), text=text)
