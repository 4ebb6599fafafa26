"""How rates were chosen: a sentence of the study, in every caption; and what the table of the choice is told."""

from pathlib import Path

import pytest
import yaml

from grunflow.config.jobs import all_jobs
from grunflow.config.reading import read_study
from grunflow.config.shown_specs import Tables
from grunflow.errors import BadInput
from grunflow.reporting.results import read
from grunflow.work import Work
from tests.reporting import made_up


def study(name: str = "demo", **changes: object) -> dict:
    with open(f"config/{name}.yaml") as handle:
        return yaml.safe_load(handle) | changes


def tables_of(config: dict) -> Tables:
    (spec,) = (job.spec for job in all_jobs(read_study(config)) if isinstance(job.spec, Tables))
    return spec


def test_it_stands_in_the_note_of_every_caption(tmp_path: Path) -> None:
    spec = tables_of(study(selection={"tofu": "Rates chosen elsewhere."}))
    assert spec.selection == {"tofu": "Rates chosen elsewhere."}
    folders = made_up.demo(tmp_path).folders
    tofu, wmdp = read(spec, Work({"metrics": folders}, folders[0]))
    assert tofu.note.endswith("parameters). Rates chosen elsewhere.")
    assert wmdp.note.endswith("parameters).")


def test_a_benchmark_that_is_none_of_the_studys_is_refused() -> None:
    with pytest.raises(BadInput, match=r"config\.selection: Unknown benchmark 'tofuu'\. Did you mean 'tofu'"):
        all_jobs(read_study(study(selection={"tofuu": "Rates chosen elsewhere."})))


def test_the_table_of_the_choice_is_told_each_variants_rate() -> None:
    rates = tables_of(study("tune_demo")).rates
    assert rates["lr3e-3"] == 3e-3
    assert all(f"{rate:g}" for rate in rates.values())
    assert not tables_of(study()).rates
