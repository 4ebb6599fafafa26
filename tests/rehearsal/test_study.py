"""What is left of a study in its rehearsal: the paper's, and small ones."""

from collections import Counter
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from grunflow.config.jobs import all_jobs
from grunflow.config.models import Architecture, Model
from grunflow.config.pins import repositories, write_pins
from grunflow.config.reading import read_study
from grunflow.config.specs import Attack, Finetune, Unlearn
from grunflow.config.strengths import along
from grunflow.config.study import Resolved
from grunflow.rehearsal import cells
from grunflow.rehearsal.study import STEPS, called, least_width, rehearsed, sheet_of, short, without_revisions

ROOT = Path(__file__).parents[2]
CONFIGS = [path.name for path in sorted((ROOT / "config").glob("*.yaml")) if "study:" in path.read_text()]


def config_of(name: str) -> dict[str, Any]:
    return yaml.safe_load((ROOT / "config" / name).read_text())


def rehearsal(config: dict[str, Any], folder: Path, whole: bool = False) -> tuple[Resolved, Resolved]:
    """A study and its rehearsal, read; every repository has a commit."""
    study = read_study(config)
    own = rehearsed(deepcopy(config), study, folder, whole)
    rows = yaml.safe_load(Path(study.models_sheet).read_text())
    (folder / "models.yaml").write_text(yaml.safe_dump(sheet_of(rows, study.models)))
    commits = dict.fromkeys(repositories({"models": rows, **own["benchmarks"]}), "a" * 40)
    if commits:
        write_pins(folder / "commits.yaml", commits)
    return study, read_study(own)


@pytest.fixture(autouse=True)
def _at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@pytest.mark.parametrize("name", CONFIGS)
def test_every_rule_of_a_shipped_study_is_rehearsed(name: str, tmp_path: Path) -> None:
    study, own = rehearsal(config_of(name), tmp_path)
    theirs, ours = (Counter(job.rule for job in all_jobs(item)) for item in (study, own))
    assert ours.keys() == theirs.keys()
    assert ours.total() <= theirs.total()


def test_every_carrier_and_objective_of_each_model_stands_in_a_cell() -> None:
    study = read_study(config_of("paper.yaml"))
    found = [(row["benchmark"], row["model"], row["objectives"], row["carriers"]) for row in cells.grid(study)]
    assert len(found) == 12  # two models: four carriers on TOFU, two on WMDP
    for rows in study.grid:
        own = [item[2:] for item in found if item[:2] == (rows.benchmark, rows.model)]
        assert {name for objectives, _ in own for name in objectives} == set(rows.objectives)
        assert {name for _, carriers in own for name in carriers} == set(rows.carriers)
    # Two models do not try the same pairs.
    pairs = {(*objectives, *carriers) for benchmark, _, objectives, carriers in found if benchmark == "tofu"}
    assert len(pairs) == 8


def test_a_tuning_study_keeps_a_variant_of_each_carrier() -> None:
    study = read_study(config_of("tune_demo.yaml"))
    for row in cells.grid(study):
        assert all(len(names) == 1 for names in row["variants"].values())


def test_trainings_are_short_and_what_is_asked_is_little(tmp_path: Path) -> None:
    _, own = rehearsal(config_of("paper.yaml"), tmp_path)
    jobs = [job.spec for job in all_jobs(own)]
    unlearnt = [spec for spec in jobs if isinstance(spec, Unlearn) and not isinstance(spec, Attack)]
    trained = [spec.training for spec in unlearnt]
    trained += [spec.model.target for spec in jobs if isinstance(spec, Finetune) and spec.model.target]
    assert {(training.steps, training.epochs) for training in trained} == {(STEPS, None)}
    assert {training.batch_size for training in trained} == {4, 16, 32}  # the study's own
    # A request of a sequence is not asked on its way.
    asked = [spec.snapshots for spec in unlearnt if spec.benchmark == "tofu" and spec.snapshots.probe]
    assert {(item.count, item.steps) for item in asked} == {(1, ())}
    assert {len(along(item)) for item in (spec.condition for spec in jobs if hasattr(spec, "condition"))} == {0, 3}
    assert len({spec.unlearn_seed for spec in unlearnt}) == 1


def test_a_sequence_is_rehearsed_by_two_requests(tmp_path: Path) -> None:
    _, small = rehearsal(config_of("paper.yaml"), tmp_path)
    assert {name: (asked.how, asked.requests) for name, asked in small.sequences.items()} == {
        "in_turn": ("stacked", 2),
        "added": ("summed", 2),
    }


def test_what_is_put_to_one_seed_is_rehearsed_with_the_first(tmp_path: Path) -> None:
    """A `where` of another seed would name none that the rehearsal has."""
    config = config_of("robustness.yaml")
    last = {"target_seed": [2]}
    config["conditions"]["please"]["where"] = last
    config["attacks"]["edit_tuned"]["where"] = last
    config["sequences"]["added"]["where"] = last | {"carrier": ["grun"]}
    _, small = rehearsal(config, tmp_path)
    assert small.conditions["please"]["where"] == {"model": ["tiny"]}
    assert small.attacks["edit_tuned"].where == {}
    assert small.sequences["added"].where == {"carrier": ("grun",)}


def test_whole_keeps_every_cell_and_seed(tmp_path: Path) -> None:
    study, own = rehearsal(config_of("paper.yaml"), tmp_path, whole=True)
    assert (own.grid, own.seeds) == (study.grid, study.seeds)
    assert Counter(job.rule for job in all_jobs(own)) == Counter(job.rule for job in all_jobs(study))


def test_no_result_of_a_rehearsal_can_be_taken_for_one_of_the_study(tmp_path: Path) -> None:
    """No spec is the same: a cache between workflows goes by them, and `prepare` follows from keys that a rehearsal may share."""
    study, own = rehearsal(config_of("paper.yaml"), tmp_path)
    theirs = [job.spec for job in all_jobs(study)]
    assert not [job.folder for job in all_jobs(own) if job.spec in theirs]


def test_jobs_ask_for_what_the_studys_jobs_ask_for(tmp_path: Path) -> None:
    study, own = rehearsal(config_of("paper.yaml"), tmp_path)
    for name in own.models:
        assert own.models[name].architecture == study.models[name].architecture


def test_a_model_in_a_folder_gets_a_name_of_the_rehearsals(tmp_path: Path) -> None:
    """Its shape may have stood in the folder; `prefetch` may not have brought the folder yet."""
    shape, training = Architecture(hidden_size=64, layers=3), {"learning_rate": 1.0, "epochs": 3}
    rows = {
        "mine": {"repo": str(tmp_path), "target": training, "retain": {"forget10": {"repo": "org/y"}}},
        "brought": {"repo": ".grunflow/models/b", "sources": {"repo": "org/b"}, "target": training},
    }
    found = sheet_of(rows, {name: Model(name=name, architecture=shape) for name in rows})
    short_one = {"learning_rate": 1.0, "epochs": None, "steps": STEPS}
    assert [row["target"] for row in found.values()] == [short_one] * 2
    assert found["mine"]["retain"] == {"forget10": {"repo": "org/y"}}
    assert found["mine"]["repo"] == called(str(tmp_path))
    assert found["mine"]["repo"].startswith(f"rehearsal/{tmp_path.name}-")
    assert found["brought"]["repo"].startswith("rehearsal/b-")
    assert "sources" not in found["brought"]
    assert found["mine"]["architecture"]["layers"] == 3


def test_a_training_that_says_no_number_of_steps_stays() -> None:
    assert short({"learning_rate": 0.1}) == {"learning_rate": 0.1}
    assert short({"epochs": 40}) == {"steps": STEPS, "epochs": None}


def test_commits_are_left_out_wherever_they_stand() -> None:
    keys = {"repo": "a/b", "revision": "1", "sources": [{"revision": None, "file": "x"}]}
    assert without_revisions(keys) == {"repo": "a/b", "sources": [{"file": "x"}]}


def test_a_model_is_as_wide_as_the_largest_rank() -> None:
    config = config_of("paper.yaml")
    assert least_width(read_study(config)) == 4
    config["carriers"]["grun_mlp"]["rank"] = 100
    assert least_width(read_study(config)) == 100
