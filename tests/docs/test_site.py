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
from typing import Any

import pytest
from tests.tools import missing, program

ROOT = Path(__file__).parents[2]
SITE = ROOT / "site"
# Runs in the page: waits for what is looked for, and writes what it found in the page's place.
PROBE = """
const end = (found) => { document.body.innerHTML = ""; document.body.textContent = "PROBE" + JSON.stringify(found) + "END"; };
const about = () => ({
  results: [...document.querySelectorAll(".md-search-result__item h1, .md-search-result__item h2")].map((head) => head.textContent),
  width: [document.documentElement.scrollWidth, document.documentElement.clientWidth],
  scheme: document.body.dataset.mdColorScheme,
  background: getComputedStyle(document.body).backgroundColor,
  outside: performance.getEntriesByType("resource").map((entry) => entry.name).filter((name) => !name.startsWith(location.origin)),
});
const wait = setInterval(() => {
  if (document.readyState === "complete" && (!location.search || about().results.length)) { clearInterval(wait); end(about()); }
}, 100);
"""
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--enable-logging=stderr", "--virtual-time-budget=30000", "--dump-dom")  # fmt: skip
DARK = "--blink-settings=preferredColorScheme=0"
PAGES = ("index", "keys", "cluster", "source/config/paper.yaml")


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a copy of the site is served, whose pages hold the probe."""
    if not (SITE / "index.html").is_file():
        missing("no site/: `make docs` builds it")
    folder = shutil.copytree(SITE, tmp_path_factory.mktemp("site") / "site")
    for name in PAGES:
        path = folder / f"{name}.html"
        path.write_text(path.read_text().replace("</body>", f"<script>{PROBE}</script></body>"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def probed(address: str, place: str, folder: Path, width: int = 1300, *more: str) -> dict[str, Any]:
    """What the probe found at this place of the site."""
    browser = program("chromium", "chromium-browser", "google-chrome")
    done = subprocess.run(
        [browser, *FLAGS, *more, f"--window-size={width},900", f"--user-data-dir={folder / 'profile'}", f"{address}/{place}"],
        capture_output=True, text=True, errors="replace", timeout=180, check=False,
    )  # fmt: skip
    assert "CONSOLE" not in done.stderr, [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    match = re.search(r"PROBE(\{.*\})END", done.stdout)
    assert match, done.stdout[-500:] + done.stderr[-500:]
    return json.loads(match[1])


@pytest.mark.slow
def test_a_search_finds_a_key_where_it_is_explained(address: str, tmp_path: Path) -> None:
    found = probed(address, "index.html?q=evaluation_batch_size", tmp_path)
    assert any("Keys of a study" in title or "A study" in title for title in found["results"]), found["results"]
    assert found["outside"] == []


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_a_narrow_window_scrolls_down_alone(address: str, tmp_path: Path, page: str) -> None:
    """Headless windows go no narrower than 500: the page is framed at the width of a telephone."""
    found = probed(address, f"{page}.html", tmp_path, 390)
    assert found["width"][0] <= found["width"][1]
    assert found["outside"] == []


@pytest.mark.slow
def test_it_is_dark_where_the_reader_wants_that(address: str, tmp_path: Path) -> None:
    light, dark = probed(address, "index.html", tmp_path), probed(address, "index.html", tmp_path, 1300, DARK)
    assert (light["scheme"], dark["scheme"]) == ("default", "slate")
    assert sum(_rgb(dark["background"])) < 200 < 600 < sum(_rgb(light["background"]))


def _rgb(color: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", color)[:3]]
