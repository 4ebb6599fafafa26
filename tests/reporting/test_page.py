"""The report: what stands in it, and how it behaves in a browser that has no network."""

import json
import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from tests.reporting import made_up
from tests.tools import program

from grunflow.config.specs import Claims, Figures, Report, Tables
from grunflow.manifest import identities_of, output_folder
from grunflow.reporting import stage_graph
from grunflow.stages import claims, figures, report, tables

ORIGINS = {"origin": made_up.ORIGIN, "wmdp_origin": made_up.ORIGIN}


def stage(module, spec, inputs: dict[str, Path], out: Path) -> Path:
    """A finished folder with a manifest, as the command line makes it."""
    named = {name: [folder] for name, folder in inputs.items()}
    with output_folder(out, spec=spec.model_dump(mode="json"), code="-", inputs=identities_of(named)) as (
        draft,
        measured,
    ):
        measured |= module.run(spec, named, draft, 0) or {}
    return out


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("study")
    metrics, wmdp = made_up.write(folder / "made_up")
    for place, name in ((metrics, "aggregate"), (wmdp, "aggregate_wmdp")):
        with output_folder(place, spec={"stage": name}, code="-", inputs={}) as (draft, _):
            for file in place.iterdir():
                (draft / file.name).write_bytes(file.read_bytes())
    made = {"metrics": metrics, "wmdp": wmdp}
    shown = stage(tables, Tables(study="demo", **ORIGINS), made, folder / "tables")
    drawn = stage(figures, Figures(study="demo", **ORIGINS), made, folder / "figures")
    judged = stage(claims, Claims(study="demo", claims="config/claims.yaml"), {"tables": shown}, folder / "claims")
    inputs = made | {"tables": shown, "figures": drawn, "claims": judged}
    return stage(report, Report(study="demo", title="Made <up>", **ORIGINS), inputs, folder / "report") / "report.html"


def test_verdicts_come_first_then_tables_figures_examples_cost_and_provenance(page: Path) -> None:
    text = page.read_text()
    assert re.findall(r'<section id="(\w+)">', text) == [
        "verdicts",
        "tables",
        "figures",
        "examples",
        "cost",
        "provenance",
    ]
    assert "Made &lt;up&gt;" in text
    assert "not the paper&#39;s result" in text
    assert "78 × not testable here" in text
    assert "“Experiments show that GRUN significantly improves the unlearning and utility.”" in text
    assert text.count("<figure>") == 7
    assert "<h3>tofu_main</h3>" in text
    assert "aggregate wmdp × 1" in text
    assert "A &lt;baker&gt; &amp; poet." in text


def test_nothing_is_fetched(page: Path) -> None:
    """Every address in the page is inside it, and its policy forbids the browser any other."""
    text = page.read_text()
    addresses = re.findall(r"(?:src|href|action|data)=\"([^\"]*)\"|url\(([^)]*)\)|@import|srcset", text)
    assert {re.split(r"[,;]", "".join(found))[0] for found in addresses} <= {
        "data:", "data:image/png", "#verdicts", "#tables", "#figures", "#examples", "#cost", "#provenance",
    }  # fmt: skip
    assert "default-src 'none'" in text


def test_a_study_without_claims_and_wmdp_has_a_page_too(tmp_path: Path) -> None:
    metrics, _ = made_up.write(tmp_path / "made_up")
    with output_folder(metrics, spec={"stage": "aggregate"}, code="-", inputs={}) as (draft, _measured):
        for file in metrics.iterdir():
            (draft / file.name).write_bytes(file.read_bytes())
    made = {"metrics": metrics}
    shown = stage(tables, Tables(study="demo", origin="x"), made, tmp_path / "tables")
    drawn = stage(figures, Figures(study="demo", origin="x"), made, tmp_path / "figures")
    inputs = made | {"tables": shown, "figures": drawn}
    text = (
        stage(report, Report(study="demo", title="T", origin="x"), inputs, tmp_path / "report") / "report.html"
    ).read_text()
    assert "This study names no claims" in text


def test_a_stage_stands_below_what_it_reads() -> None:
    edges = {("a", "b"): 1, ("b", "c"): 2, ("a", "c"): 1}
    assert stage_graph.depths(edges, ["c", "a", "b"]) == {"a": 0, "b": 1, "c": 2}
    assert "c × 2" in stage_graph.svg(edges, Counter(["a", "b", "c", "c"]))


# Runs in the page after its own script, which writes into the page what it found.
PROBE = """
const set = (name, value) => {
  const field = document.getElementById("filter-" + name);
  field.value = value;
  field.dispatchEvent(new Event("input"));
};
const seen = () => ({
  cards: [...document.querySelectorAll(".card")].filter((card) => card.offsetParent).map((card) => card.dataset.set),
  answers: [...document.querySelectorAll(".card li")].filter((line) => line.offsetParent)
    .map((line) => line.dataset.objective + " " + line.dataset.carrier),
  count: document.getElementById("filter-count").textContent,
});
const found = { all: seen() };
set("set", "retain"); found.set = seen();
set("carrier", "grun"); set("objective", "gd"); found.method = seen();
set("text", "who is retain 3"); found.text = seen();
set("text", "nowhere"); found.nothing = seen();
found.requests = performance.getEntriesByType("resource").map((entry) => entry.name).filter((name) => !name.startsWith("data:"));
found.width = [document.documentElement.scrollWidth, document.documentElement.clientWidth];
document.body.innerHTML = "";
document.body.textContent = "PROBE" + JSON.stringify(found) + "END";
"""
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--enable-logging=stderr", "--dump-dom")  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("width", [400, 1400])
def test_the_examples_filter_works_without_an_error_or_a_request(page: Path, tmp_path: Path, width: int) -> None:
    browser = program("chromium", "chromium-browser", "google-chrome")
    probed = tmp_path / "page.html"
    probed.write_text(page.read_text().replace("</body>", f"<script>{PROBE}</script></body>"))
    done = subprocess.run(
        [browser, *FLAGS, f"--window-size={width},1000", f"--user-data-dir={tmp_path / 'profile'}", probed.as_uri()],
        capture_output=True, text=True, errors="replace", timeout=180, check=False,
    )  # fmt: skip
    assert "CONSOLE" not in done.stderr, [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    match = re.search(r"PROBE(\{.*\})END", done.stdout)
    assert match, done.stdout[-500:] + done.stderr[-500:]
    found = json.loads(match[1])
    assert found["all"]["cards"] == [name for name in made_up.SETS for _ in range(4)]
    assert len(found["all"]["answers"]) == 16 * 11
    assert found["all"]["count"] == "16 of 16 questions"
    assert found["set"]["cards"] == ["retain"] * 4
    assert found["method"]["answers"] == ["target ", "retain ", "gd grun"] * 4
    assert (found["text"]["cards"], found["text"]["count"]) == (["retain"], "1 of 16 questions")
    assert found["nothing"]["cards"] == []
    assert found["requests"] == []
    assert found["width"][0] <= found["width"][1]  # no sideways scrolling of the page
