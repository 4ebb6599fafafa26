"""Which rules run again after an edit: the exact sets, by Snakemake's own dry run and by `grunflow why`."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.workflow.small_study import BIN, call, planned, set_keys, why

pytestmark = pytest.mark.slow

PAGES = {"tables": 1, "figures": 1, "report": 1}
TOFU_SCORES = {"aggregate": 1, **PAGES}
# Runs: mini's target, retain and unlearned model; the base and the unlearned model of the WMDP part.
TOFU_TRAINED = {"unlearn": 1, "evaluate": 1, **TOFU_SCORES}
TOFU_TUNED = {
    "finetune_target": 1,
    "finetune_retain": 1,
    "cache_frozen_states": 1,
    "unlearn": 1,
    "evaluate": 3,
    **TOFU_SCORES,
}
WMDP_TRAINED = {"unlearn_wmdp": 1, "evaluate_wmdp": 1, "aggregate_wmdp": 1}
TRAINED = {**TOFU_TRAINED, **WMDP_TRAINED}
TUNED = {**TOFU_TUNED, **WMDP_TRAINED, "evaluate_wmdp": 2, "finetune_base": 2}

Edit = Callable[[Path], None]


def config(**values) -> Edit:
    """Set keys of the study; a key's path is written with __."""

    def edit(folder: Path) -> None:
        set_keys(folder / "study.yaml", values)

    return edit


def sheet(**values) -> Edit:
    def edit(folder: Path) -> None:
        set_keys(folder / "config" / "models.yaml", values)

    return edit


def source(name: str, old: str, new: str) -> Edit:
    """Replace the first `old` in a module of the package, or in another file of the work tree."""

    def edit(folder: Path) -> None:
        path = folder / name if (folder / name).is_file() else folder / "src" / "grunflow" / name
        text = path.read_text()
        assert old in text, f"{name} holds no {old!r}"
        path.write_text(text.replace(old, new, 1))

    return edit


EDITS: dict[str, tuple[Edit, dict[str, int]]] = {
    "colour of a figure": (source("reporting/style.py", "#D55E00", "#123456"), {"figures": 1, "report": 1}),
    "a new key of figures": (
        source(
            "config/specs.py", 'Literal["figures"] = "figures"', 'Literal["figures"] = "figures"\n    dots: int = 300'
        ),
        {"figures": 1, "report": 1},
    ),
    "table format": (source("reporting/forms.py", r"\toprule", r"\hline"), PAGES),
    "title of the report": (config(title="Another"), {"report": 1}),
    "a metric": (source("evaluation/truth_ratio.py", "1e-300", "1e-200"), TOFU_SCORES | {"aggregate_wmdp": 1}),
    "how answers are scored": (
        source("evaluation/rouge.py", "True", "False"),
        {"evaluate": 3, **TOFU_SCORES} | {"aggregate_wmdp": 1},
    ),
    "evaluation batch size": (config(evaluation_batch_size=8), {}),
    "GRUN's learning rate": (config(training__grun__learning_rate=2e-3), TRAINED),
    "GRUN's rank": (config(carriers__grun__rank=3), TRAINED),
    "the retain weight of one objective": (config(objectives__gd__retain_weight=2.0), TOFU_TRAINED),
    "an objective's formula": (source("objectives/forget.py", "return -", "return -2 * "), TRAINED),
    "a new objective's name": (source("config/names.py", '"npo",', '"npo", "mine",'), {}),
    "a prompt template": (
        source("data/prompts.py", "Question:", "Q:"),
        {"prepare_data": 1, "prepare_corpora": 1, **TUNED},
    ),
    "training of the target model": (sheet(mini__target__steps=4), TOFU_TUNED),
    "the training loop": (source("training/loop.py", "0.5 *", "0.25 *"), TUNED),
    "a seed": (
        config(seeds=[{"target_seed": 0, "unlearn_seed": 0}, {"target_seed": 0, "unlearn_seed": 1}]),
        TOFU_TRAINED,
    ),
    "a seed of the WMDP part": (config(wmdp__seeds=[0, 1]), {**WMDP_TRAINED, **PAGES}),
    "an objective in the grid": (config(grid__0__objectives=["gd", "npo"]), TOFU_TRAINED),
    "a model": (
        config(grid=[{"model": name, "objectives": ["gd"], "carriers": ["grun"]} for name in ("mini", "mini-two")]),
        {**TOFU_TUNED, "finetune_base": 1},
    ),
    "a byte of a data file": (
        source("tofu/full.json", "Who wrote book 0", "Who wrote book O"),
        {"prepare_data": 1, "finetune_base": 1, **TOFU_TUNED},
    ),
    "a comment": (source("objectives/forget.py", "\n\n\ndef ", "\n\n\n# why\ndef "), {}),
    "a docstring": (source("training/loop.py", '"""The one', '"""The only'), {}),
    "an unrelated module": (source("fixtures/compare.py", "def stated(", "EXTRA = 1\n\n\ndef stated("), {}),
    "help of the command line": (source("cli.py", "train one objective on one carrier", "train"), {}),
    "a field of the manifest": (source("manifest.py", '"command": sys.argv,', '"command": sys.argv, "more": 1,'), {}),
    "a wider range of a key": (source("config/specs.py", "ge=8", "ge=4"), {}),
}


@pytest.fixture
def edited(finished: Path):
    """A function that applies an edit to the finished study; what it changed is put back after the test."""
    kept: dict[Path, bytes] = {
        path: path.read_bytes()
        for part in ("src", "study.yaml", "config", "tofu/full.json")
        for path in ([finished / part] if (finished / part).is_file() else (finished / part).rglob("*.*"))
        if path.suffix in (".py", ".yaml", ".json")
    }
    yield lambda edit: edit(finished)
    for path, content in kept.items():
        if path.read_bytes() != content:
            path.write_bytes(content)


def test_without_an_edit_nothing_runs_again(finished: Path) -> None:
    assert planned(finished) == {}
    assert "Nothing would run again." in call(finished, BIN / "grunflow", "why", "--configfile", "study.yaml").stdout


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_reruns_exactly_what_depends_on_it(finished: Path, edited, name: str) -> None:
    edit, expected = EDITS[name]
    edited(edit)
    assert planned(finished) == why(finished) == expected
