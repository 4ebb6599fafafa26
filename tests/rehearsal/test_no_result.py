"""Nothing in a rehearsal reads as a result: claims, published numbers, captions."""

from pathlib import Path

import pytest

from grunflow.config.jobs import all_jobs
from grunflow.config.shown_specs import Claims, Shown, Tables
from grunflow.reporting.claim_conditions import Study
from grunflow.reporting.claims import sentences, unjudged, verdicts
from grunflow.reporting.tables.published import published_table
from tests.rehearsal.test_study import ROOT, config_of, rehearsal
from tests.reporting import made_up
from tests.reporting.test_claims import claim, table
from tests.reporting.test_ledger import HEADER

WHY = "Rehearsal, no result: made-up texts"


def test_no_claim_is_judged_and_none_has_a_figure() -> None:
    found = verdicts([claim(models=["tiny"])], Study("s", table((0.2, 0.1, 0.3), (0.0, -0.01, 0.01))))
    assert [row["verdict"] for row in found] == ["supported"]
    (row,) = unjudged(found, WHY)
    assert (row["verdict"], row["reason"], row["effect"], row["n"]) == ("not testable here", WHY, None, None)
    assert {(part["verdict"], part["effect"]) for part in row["conditions"]} == {("not testable here", None)}
    assert sentences([row]) == [f"not testable here {row['about']}/keeps: 1 ({WHY})"]


def test_published_numbers_are_not_compared(tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.csv"
    sheet.write_text(f"{HEADER}\ntiny,forget10,gd,grun,model_utility,0.85,fraction,mean,A,T1,p. 3,first hand\n")
    results = made_up.Study(tmp_path, [(made_up.TOFU, made_up.questions())]).results
    compared, left = (published_table([str(sheet)], results, why) for why in ("", WHY))
    assert compared.tidy["verdict"].item() in ("reproduced", "within noise")
    assert (left.tidy["verdict"].item(), left.tidy["reason"].item()) == ("", WHY)
    assert left.caption.startswith(WHY)
    assert left.tidy["ours"].item() == compared.tidy["ours"].item()


def test_every_stage_that_shows_something_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    _, own = rehearsal(config_of("paper.yaml"), tmp_path)
    shown = [job.spec for job in all_jobs(own.model_copy(update={"rehearsal": WHY}))]
    origins = [spec.origins for spec in shown if isinstance(spec, Shown)]
    assert origins == [{"tofu": WHY, "wmdp": WHY}] * 3
    assert [spec.rehearsal for spec in shown if isinstance(spec, Tables | Claims)] == [WHY] * 2
