"""The documentation site that `make docs` built, as a browser shows it: nothing is fetched from elsewhere."""

import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from typing import Any

import pytest

from tests.tools import missing, program

ROOT = Path(__file__).parents[2]
SITE = ROOT / "site"
# Runs in the page: waits until it is there, and a search has found something, then sends what it sees.
PROBE = """
const heads = () => [...document.querySelectorAll(".md-search-result__item h1, .md-search-result__item h2")];
const seen = () => ({
  results: heads().map((head) => head.textContent),
  width: [document.documentElement.scrollWidth, document.documentElement.clientWidth],
  scheme: document.body.dataset.mdColorScheme,
  background: getComputedStyle(document.body).backgroundColor,
  outside: performance.getEntriesByType("resource").map((entry) => entry.name).filter((name) => !name.startsWith(location.origin)),
});
const wait = setInterval(() => {
  if (document.readyState !== "complete" || (location.search && !heads().length)) return;
  clearInterval(wait);
  fetch("/seen", { method: "POST", body: JSON.stringify(seen()) });
}, 100);
"""
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync")  # fmt: skip
DARK = "--blink-settings=preferredColorScheme=0"
PAGES = ("index", "keys", "cluster", "source/config/paper.yaml")
SECONDS = 180


class Handler(SimpleHTTPRequestHandler):
    """Serves the site, and takes what the probe sends."""

    def do_POST(self) -> None:
        self.server.seen.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))  # type: ignore[attr-defined]
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ThreadingHTTPServer]:
    """Serves a copy of the site, whose pages hold the probe."""
    if not (SITE / "index.html").is_file():
        missing("no site/: `make docs` builds it")
    folder = shutil.copytree(SITE, tmp_path_factory.mktemp("site") / "site")
    for name in PAGES:
        path = folder / f"{name}.html"
        path.write_text(path.read_text().replace("</body>", f"<script>{PROBE}</script></body>"))
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder))) as server:
        server.seen = Queue()  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def seen(server: Any, place: str, folder: Path, width: int = 1300, *more: str) -> dict[str, Any]:
    """What the probe sees at this place of the site, in a window of this width."""
    browser = program("chromium", "chromium-browser", "google-chrome")
    frame = (f"--window-size={width},900", f"--user-data-dir={folder / 'profile'}")
    started = subprocess.Popen(
        [browser, *FLAGS, *more, *frame, f"http://127.0.0.1:{server.server_port}/{place}"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        return server.seen.get(timeout=SECONDS)
    finally:
        started.terminate()
        started.wait()


@pytest.mark.slow
def test_a_search_finds_a_key_where_it_is_explained(server, tmp_path: Path) -> None:
    found = seen(server, "index.html?q=evaluation_batch_size", tmp_path)
    assert {"Keys of a study", "A study"} & set(found["results"]), found["results"]
    assert found["outside"] == []


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_a_narrow_window_scrolls_down_alone(server, tmp_path: Path, page: str) -> None:
    found = seen(server, f"{page}.html", tmp_path, 390)
    assert found["width"][1] <= 500  # Debian's headless windows go no narrower than that
    assert found["width"][0] <= found["width"][1]
    assert found["outside"] == []


@pytest.mark.slow
def test_it_is_dark_where_the_reader_wants_that(server, tmp_path: Path) -> None:
    light, dark = seen(server, "index.html", tmp_path), seen(server, "index.html", tmp_path, 1300, DARK)
    assert (light["scheme"], dark["scheme"]) == ("default", "slate")
    assert sum(_rgb(dark["background"])) < 200 < 600 < sum(_rgb(light["background"]))


def _rgb(color: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", color)[:3]]
