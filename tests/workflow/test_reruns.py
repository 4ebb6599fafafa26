"""Which rules run again after an edit: the exact sets, by Snakemake's own dry run and by `grunflow why`."""

import json
import re
from pathlib import Path

import pytest

from tests.workflow.edits import (
    PAGES,
    SCORED,
    TOFU_EVALUATED,
    TOFU_SCORES,
    TOFU_TUNED,
    TRAINED,
    TUNED,
    WMDP_EVALUATED,
    Edit,
    config,
    more,
    sheet,
    source,
)
from tests.workflow.small_study import BIN, call, grid, planned, snakemake, why

pytestmark = pytest.mark.slow

OWN_OBJECTIVE = (
    'READS = ("answers",)\n\n\ndef forget(answers, refusals, spec):\n    return -answers.current.nll_sum.sum()\n'
)
SEEDS = {"target_seed": 0, "unlearn_seed": 0}
EDITS: dict[str, tuple[Edit, dict[str, int]]] = {
    "colour of a figure": (source("reporting/style.py", "#D55E00", "#123456"), {"figures": 1, "report": 1}),
    "a new key of figures": (
        source(
            "config/shown_specs.py",
            'Literal["figures"] = "figures"',
            'Literal["figures"] = "figures"\n    dots: int = 300',
        ),
        {"figures": 1, "report": 1},
    ),
    "table format": (source("reporting/forms.py", r"\toprule", r"\hline"), PAGES),
    "title of the report": (config(title="Another"), {"report": 1}),
    "a metric": (source("evaluation/truth_ratio.py", "1e-300", "1e-200"), {**PAGES, "aggregate": 2}),
    "how answers are compared": (source("evaluation/rouge.py", "True", "False"), {**PAGES, "aggregate": 2}),
    "a benchmark's metric": (more("benchmarks/tofu/metrics.py"), TOFU_SCORES),
    "how membership is asked": (
        more("evaluation/probes/membership.py"),
        {"evaluate": TOFU_EVALUATED, **TOFU_SCORES},
    ),
    "how a run is put to the probes": (more("conditions/plain.py"), SCORED),
    "GRUN's learning rate": (config(training__grun__learning_rate=2e-3), TRAINED),
    "GRUN's rank": (config(carriers__grun__rank=3), TRAINED),
    "a retain term's formula": (source("objectives/retain.py", "return ", "return 2 * "), TRAINED),
    "a prompt template": (source("data/prompts.py", "Question:", "Q:"), {"prepare": 2, **TUNED}),
    "training of the target model": (sheet(mini__target__steps=4), TOFU_TUNED),
    "the training loop": (source("training/schedule.py", "0.5 *", "0.25 *"), TUNED),
    "a replicate of the same target model": (config(seeds=[SEEDS, {"target_seed": 0, "unlearn_seed": 1}]), TRAINED),
    "a replicate of another target model": (config(seeds=[SEEDS, {"target_seed": 1, "unlearn_seed": 0}]), TOFU_TUNED),
    "a model": (config(grid=grid("mini", "mini-two")), {**TOFU_TUNED, "finetune_base": 1}),
    "a byte of a data file": (
        source("tofu/full.json", "Who wrote book 0", "Who wrote book O"),
        {"prepare": 1, "finetune_base": 1, **TOFU_TUNED},
    ),
}
# Edits whose own jobs are different ones, which a sum of their numbers tells apart: what both would run is only what follows
# from either.
TOGETHER: list[tuple[dict[str, Edit], dict[str, int]]] = [
    (
        {
            "the retain weight of one objective": config(objectives__gd__retain_weight=2.0),
            "an objective's formula": source("objectives/npo.py", "return -", "return -2 * "),
            "a method of the user's own": source("mine.py", "return -", "return -2 * "),
            "the wrapper of lm-eval": more("evaluation/harness.py"),
        },
        {"unlearn": 3, "evaluate": 3 + WMDP_EVALUATED, **PAGES, "aggregate": 2},
    ),
    (
        {
            "a key of a method of the user's own": config(objectives__mine__bound=4.0),
            "an objective in the grid": config(grid__0__objectives=["gd", "npo", "mine", "ga"]),
            "how options are asked": more("evaluation/probes/choice.py"),
        },
        {"unlearn": 2, "evaluate": 2 + WMDP_EVALUATED, **PAGES, "aggregate": 2},
    ),
]
# Nothing runs again for any of them, so for all of them at once.
NOTHING: dict[str, Edit] = {
    "evaluation batch size": config(evaluation_batch_size=8),
    "a new objective": more("objectives/mine.py", OWN_OBJECTIVE),
    "a new carrier": more("carriers/other.py", 'TRAINS = "weights"\n'),
    "a carrier that no run has": more("carriers/lora.py"),
    "an objective that no run has": more("objectives/simnpo.py"),
    "a comment in a method of the user's own": source("mine.py", "def forget", "# why\ndef forget"),
    "a comment": source("objectives/npo.py", "\n\n\ndef ", "\n\n\n# why\ndef "),
    "a docstring": source("training/loop.py", '"""The one', '"""The only'),
    "an unrelated module": source("fixtures/compare.py", "def stated(", "EXTRA = 1\n\n\ndef stated("),
    "help of a stage": source("config/specs.py", "train one objective on one carrier", "train"),
    "the command line": source("cli.py", "snakemake calls them", "called by snakemake"),
    "a field of the manifest": source("manifest.py", '"command": [Path', '"more": 1, "command": [Path'),
    "a wider range of a key": source("config/specs.py", "ge=300", "ge=200"),
}


def test_without_an_edit_nothing_runs_again(finished: Path) -> None:
    assert planned(finished) == {}
    assert "Nothing would run again." in call(finished, BIN / "grunflow", "why", "--configfile", "study.yaml").stdout


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_reruns_exactly_what_depends_on_it(finished: Path, edited, name: str) -> None:
    edit, expected = EDITS[name]
    edited(edit)
    assert planned(finished) == why(finished) == expected


@pytest.mark.parametrize(("edits", "expected"), TOGETHER, ids=[", ".join(edits) for edits, _ in TOGETHER])
def test_edits_of_different_jobs_rerun_each_their_own(
    finished: Path, edited, edits: dict[str, Edit], expected: dict[str, int]
) -> None:
    for edit in edits.values():
        edited(edit)
    assert planned(finished) == why(finished) == expected


def test_what_decides_no_result_reruns_nothing(finished: Path, edited) -> None:
    for edit in NOTHING.values():
        edited(edit)
    assert planned(finished) == why(finished) == {}


def test_what_was_measured_changes_requests_and_makes_nothing_again(finished: Path) -> None:
    """`plan --against` writes the rates, by which the rules then ask: 3,000 s and seven times the memory, made up."""
    told = call(finished, BIN / "grunflow", "plan", "--configfile", "study.yaml", "--against", "results/small")
    assert told.returncode == 0, told.stderr
    rates = finished / "results" / "small" / "rates.json"
    known = json.loads(rates.read_text())
    try:
        rates.write_text(json.dumps(known | {"evaluate": {"start": 3000.0, "flops": 0.0, "memory": 7.0}}))
        assert planned(finished) == {}
        done = snakemake(finished, "-n", "--forcerun", "evaluate")
        asked = re.findall(
            r"^rule evaluate:(?:\n    .*)*?\n    resources: .*runtime=(\d+).*mem_mb=(\d+)", done.stdout, re.M
        )
        assert {int(minutes) for minutes, _ in asked} == {100}
        assert all(4000 < int(megabytes) < 8000 for _, megabytes in asked)
        rates.write_text("{")
        broken = snakemake(finished, "-n")
        assert broken.returncode
        assert "rates.json: expected what `grunflow plan --against` writes" in broken.stdout + broken.stderr
    finally:
        rates.unlink()
