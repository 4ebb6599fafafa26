"""The report: what stands in it, and how it behaves in a browser that has no network."""

import json
import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from tests.reporting import made_up
from tests.tools import program

from grunflow.config.shown_specs import Claims, Figures, Report, Tables
from grunflow.manifest import identities_of, output_folder
from grunflow.reporting import answers, stage_graph
from grunflow.reporting.entries import listed
from grunflow.reporting.figures.listing import FIGURES
from grunflow.reporting.tables.listing import TABLES
from grunflow.stages import claims, figures, report, tables


def stage(module, spec, study: made_up.Study, out: Path, **inputs: Path) -> Path:
    """A finished folder with a manifest, as the command line makes it."""
    work = study.work(out.parent / "made", **inputs)
    with output_folder(out, spec=spec.model_dump(mode="json"), code="-", inputs=identities_of(work.inputs)) as (
        draft,
        measured,
    ):
        measured |= module.run(spec, study.work(draft, **inputs)) or {}
    return out


def whole(study: made_up.Study, folder: Path, sheet: str = "", **keys) -> str:
    """The report of a study, by the stages before it."""
    for place in study.folders:
        files = {file.name: file.read_bytes() for file in place.iterdir()}
        with output_folder(place, spec={"stage": "aggregate"}, code="-", inputs={}) as (draft, _):
            for name, content in files.items():
                (draft / name).write_bytes(content)
    spec = Tables(**study.shown, names=(), **keys)
    spec = spec.model_copy(update={"names": tuple(listed(TABLES, spec, study.results))})
    made = {"tables": stage(tables, spec, study, folder / "tables")}
    drawn = Figures(**study.shown, names=tuple(listed(FIGURES, None, study.results)))
    made["figures"] = stage(figures, drawn, study, folder / "figures")
    if sheet:
        made["claims"] = stage(
            claims, Claims(study="demo", claims=sheet, engine="fast"), study, folder / "claims", tables=made["tables"]
        )
    out = stage(report, Report(**study.shown, title="Made <up>"), study, folder / "report", **made)
    return (out / "report.html").read_text()


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("study")
    path = folder / "report.html"
    path.write_text(whole(made_up.demo(folder), folder, "config/claims.yaml"))
    return path


def test_verdicts_come_first_then_tables_figures_examples_cost_and_provenance(page: Path) -> None:
    text = page.read_text()
    assert re.findall(r'<section id="(\w+)">', text) == [
        "answer",
        "verdicts",
        "tables",
        "figures",
        "examples",
        "cost",
        "glossary",
        "provenance",
    ]
    assert "Made &lt;up&gt;" in text
    assert "not the paper&#39;s result" in text
    assert "were not run: of them this study says nothing." in text
    assert "“Experiments show that GRUN significantly improves the unlearning and utility.”" in text
    assert text.count("<figure id=") == 9
    assert '<h3>TOFU: what each method forgot and what it kept <code class="file">tofu_main</code></h3>' in text
    assert "aggregate × 2" in text
    assert "A &lt;baker&gt; &amp; poet." in text


def test_nothing_is_fetched(page: Path) -> None:
    """Every address in the page is inside it, and its policy forbids the browser any other."""
    text = page.read_text()
    addresses = re.findall(r"(?:src|href|action|data)=\"([^\"]*)\"|url\(([^)]*)\)|@import|srcset", text)
    outside = {
        place for place in (re.split(r"[,;]", "".join(found))[0] for found in addresses) if not place.startswith("#")
    }
    assert {place for place in outside if not re.fullmatch(r"figures/\w+\.pdf", place)} == {"data:", "data:image/png"}


def test_every_heading_of_a_table_leads_to_what_it_means(page: Path) -> None:
    shown = page.read_text().split('<section id="tables">')[1].split("</section>")[0]
    assert re.findall(r'<a href="#glossary"[^>]*>(.*?)</a>', shown) == []


def test_every_link_inside_the_page_leads_somewhere(page: Path) -> None:
    text = page.read_text()
    places = re.findall(r'id="([^"]+)"', text)
    assert len(places) == len(set(places))
    assert set(re.findall(r'href="#([^"]+)"', text)) <= set(places)


def test_the_policy_forbids_the_network(page: Path) -> None:
    text = page.read_text()
    assert "default-src 'none'" in text


def test_a_study_of_one_benchmark_without_claims_and_answers_has_a_page_too(tmp_path: Path) -> None:
    study = made_up.Study(tmp_path, [(made_up.WMDP, made_up.choice())])
    text = whole(study, tmp_path, published=("config/published/wmdp.csv",))
    assert "This study names no claims" in text
    assert re.findall(r'<code class="file">(\w+)</code>', text)[:5] == [
        "wmdp_main",
        "wmdp_differences",
        "wmdp_references",
        "efficiency",
        "equal_forgetting",
    ]
    assert "TOFU" not in text.split('<section id="glossary">')[0].replace("config", "")
    assert 'id="examples"' not in text
    assert "#examples" not in text


def test_a_benchmark_that_the_package_does_not_know_has_tables_figures_claims_and_a_page(tmp_path: Path) -> None:
    sheet = tmp_path / "claims.yaml"
    sheet.write_text(
        "claims: [{id: quiet, statement: it is quiet, read: ours, source: us, models: [small], conditions: ["
        "{table: tales_main, column: hidden_gain, where: {carrier: sieve}, below: 0}]}]"
    )
    text = whole(made_up.Study(tmp_path, [(made_up.TALES, made_up.tales())]), tmp_path, str(sheet))
    assert {"tales_main", "tales_differences", "equal_forgetting", "efficiency"} <= set(
        re.findall(r'<code class="file">(\w+)</code>', text)
    )
    assert "1 × supported" in text
    assert text.count("<figure id=") == 4


def test_answers_of_several_models_say_whose_they_are(tmp_path: Path) -> None:
    study = made_up.Study(tmp_path, [(made_up.TOFU, made_up.questions(models=("tiny", "other")))])
    found = answers.cards(study.results)
    assert [card["tags"] for card in found[::16]] == [["tiny", "forget"], ["other", "forget"]]
    assert {len(card["answers"]) for card in found} == {11}


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
const scrolls = [...document.querySelectorAll(".scroll")].filter((box) => box.offsetParent && box.scrollWidth > box.clientWidth + 1);
found.unsigned = scrolls.filter((box) => !box.previousElementSibling.matches(".more") || box.previousElementSibling.hidden).length;
found.sticky = [...document.querySelectorAll("tbody tr > :first-child")].every((cell) => getComputedStyle(cell).position === "sticky");
const zoom = document.querySelector(".zoom"), picture = zoom.nextElementSibling.firstChild;
const small = picture.getBoundingClientRect().height;
zoom.click(); found.grown = picture.getBoundingClientRect().height / small;
dispatchEvent(new KeyboardEvent("keydown", { key: "Escape" })); found.back = zoom.checked;
found.answer = document.getElementById("answer").getBoundingClientRect().top + scrollY;
found.figure = document.querySelector("#answer figure").getBoundingClientRect().top + scrollY;
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
    assert found["unsigned"] == 0  # no column is hidden without a sign
    assert found["sticky"]
    assert found["grown"] > 1.2
    assert found["back"] is False
    assert found["answer"] < 500  # the first screen answers
    assert width < 1400 or found["figure"] < 500  # with the figure beside
    assert found["width"][0] <= found["width"][1]  # no sideways scrolling of the page
