"""Finished models in a study: target and retain from the hub or a folder, models of others, and what is refused of them."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from grunflow.commands.prefetch import needed
from grunflow.config.chat import Chat
from grunflow.config.job import Job
from grunflow.config.jobs import all_jobs
from grunflow.config.pins import repositories
from grunflow.config.reading import read_study
from grunflow.config.specs import Evaluate, Unlearn
from grunflow.errors import BadInput

ROOT = Path(__file__).parents[2]
TRAINING = {"learning_rate": 1e-3, "steps": 3, "batch_size": 4}
SHAPE = {"hidden_size": 16, "layers": 2, "heads": 2}
TARGET, RETAIN = {"repo": "org/full"}, {"forget05": {"repo": "org/retain95"}, "forget10": {"repo": "org/retain90"}}
FINISHED = {"architecture": SHAPE, "target": TARGET, "retain": RETAIN}
THEIRS = {"benchmark": "tofu", "model": "theirs", "repo": "org/unlearned", "objective": "npo", "carrier": "full"}
SEEDS = [{"target_seed": 3, "unlearn_seed": 0}, {"target_seed": 3, "unlearn_seed": 1}]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def study(folder: Path, row: dict[str, Any], **keys: Any) -> dict[str, Any]:
    """A study's content, with one row in its sheet of models."""
    (folder / "models.yaml").write_text(yaml.safe_dump({"theirs": row}))
    return {
        "study": "s", "title": "S", "models_sheet": "models.yaml", "seeds": SEEDS,
        "benchmarks": {"tofu": {"forget_split": "forget10"}},
        "grid": [{"benchmark": "tofu", "model": "theirs", "objectives": ["npo"], "carriers": ["full", "grun"]}],
        "objectives": {"npo": {}}, "training": {"full": TRAINING, "grun": TRAINING},
        "carriers": {"grun": {"rank": 2, "layers": [0], "gate": "linear", "gate_weight": 1}}, **keys,
    }  # fmt: skip


def jobs(content: dict[str, Any]) -> list[Job]:
    return all_jobs(read_study(content))


def loads(found: list[Job]) -> dict[str, str | None]:
    """Place of each job that loads a model from elsewhere than the study's folders -> the repository."""
    return {
        job.folder.split("/", 3)[-1]: job.spec.model.repo
        for job in found
        if hasattr(job.spec, "model") and "start" not in job.inputs
    }


def test_nothing_is_fine_tuned_where_target_and_retain_are_finished(folder: Path) -> None:
    found = jobs(study(folder, FINISHED))
    assert {job.rule for job in found} == {
        "prepare", "cache_frozen_states", "unlearn", "evaluate", "aggregate", "tables", "figures", "report",
    }  # fmt: skip
    assert not [job for job in found if "start" in job.inputs]
    places = loads(found)
    assert places["scores/theirs/forget10/target/plain"] == "org/full"
    assert places["scores/theirs/forget10/retain/plain"] == "org/retain90"
    # Methods start from the target; a target seed is nobody's.
    assert (
        places["runs/theirs/forget10/npo_grun_u1"] == places["scores/theirs/forget10/npo_full_u0/plain"] == "org/full"
    )
    assert {job.spec.target_seed for job in found if isinstance(job.spec, Unlearn)} == {None}
    assert repositories(needed(read_study(study(folder, FINISHED)))) == {
        "org/full": ("model", None), "org/retain90": ("model", None), "locuslab/TOFU": ("dataset", None),
    }  # fmt: skip


def test_the_pinned_commit_stands_in_specs_and_captions(folder: Path) -> None:
    (folder / "pins.yaml").write_text(yaml.safe_dump({"org/full": "f" * 40, "org/unlearned": "e" * 40}))
    found = jobs(study(folder, FINISHED, revisions="pins.yaml", external={"nice": THEIRS}))
    revisions = {job.spec.run: job.spec.model.revision for job in found if isinstance(job.spec, Evaluate)}
    assert revisions["theirs/forget10/npo_grun_u0"] == "f" * 40
    assert revisions["theirs/forget10/external_nice"] == "e" * 40
    caption = next(job.spec.origins["tofu"] for job in found if job.rule == "tables")
    assert (
        "theirs: finished models of others, not trained here, are target org/full@ffffffff and retain org/retain90"
        in caption
    )
    assert (
        "Rows marked external are finished models of others, not trained here: theirs npo full is org/unlearned@eeeeeeee"
        in caption
    )


def test_a_finished_target_may_stand_beside_one_trained_retain_model(folder: Path) -> None:
    row = {"architecture": SHAPE, "repo": "org/base", "target": TARGET, "retain": TRAINING}
    found = jobs(study(folder, row))
    assert [job.folder for job in found if job.stage == "finetune"] == ["results/s/tofu/runs/theirs/forget10/retain_t3"]
    assert loads(found)["runs/theirs/forget10/retain_t3"] == "org/base"
    assert next(job.spec.model.target for job in found if job.stage == "finetune").steps == 3
    row = {"architecture": SHAPE, "repo": "org/base", "target": TRAINING, "retain": RETAIN}
    assert [job.folder for job in jobs(study(folder, row)) if job.stage == "finetune"] == [
        "results/s/tofu/runs/theirs/target_t3"
    ]


def test_a_retain_model_may_be_trained_otherwise_than_the_target(folder: Path) -> None:
    row = {"architecture": SHAPE, "repo": "org/base", "target": TRAINING, "retain": {**TRAINING, "steps": 7}}
    steps = {job.spec.role: job.spec.model.target.steps for job in jobs(study(folder, row)) if job.stage == "finetune"}
    assert steps == {"target": 3, "retain": 7}


def test_a_model_of_others_is_scored_and_nothing_else(folder: Path) -> None:
    found = jobs(study(folder, FINISHED, external={"nice": THEIRS}))
    own = [job for job in found if "external" in job.folder]
    assert [(job.rule, job.spec.model.repo, tuple(job.inputs)) for job in own] == [
        ("evaluate", "org/unlearned", ("data",))
    ]
    row = next(row for job in found if job.rule == "aggregate" for row in job.spec.runs if "external" in row.run)
    assert (row.objective, row.carrier, row.carrier_kind, row.trained) == ("npo", "full", "external", False)
    assert (row.target_seed, row.unlearn_seed) == (None, None)


def local(folder: Path, name: str, **config: Any) -> str:
    (folder / name).mkdir()
    shape = {"model_type": "llama", "hidden_size": 16, "num_hidden_layers": 2, **config}
    (folder / name / "config.json").write_text(json.dumps(shape))
    return name


def test_a_folder_is_a_place_as_well(folder: Path) -> None:
    found = jobs(study(folder, {**FINISHED, "target": {"repo": local(folder, "model")}}))
    assert loads(found)["scores/theirs/forget10/target/plain"] == "model"


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"target": {"repo": "./absent"}}, "theirs.target.repo: got './absent', which is no folder here and no repository's name"),
        ({"retain": {"forget10": {"repo": "a/b/c"}}}, "theirs.retain.forget10.repo: got 'a/b/c', which is no folder here and"),
        ({"retain": {"forget05": TARGET}}, "theirs.retain: Unknown split 'forget10'. Did you mean 'forget05'?"),
        ({"retain": None}, "theirs.retain: null, and nothing says how the retain model is trained; name a finished one"),
        ({"target": None}, "theirs.target: null, and nothing says how the target model is trained; name a finished one"),
        ({"retain": TRAINING}, "theirs.repo: null, but the retain model is to be trained from it"),
        ({"target": TRAINING}, "theirs.repo: null, but the target model is to be trained from it"),
        ({"base": TRAINING}, "theirs.target: a finished target model has nothing in common with one that is trained from scratch"),
        ({"base": TRAINING, "target": TRAINING}, "theirs.retain: a finished retain model has nothing in common with one that"),
        ({"target": {"repo": "org/full", "revison": "x"}}, "theirs.target.revison: Unknown key 'revison'. Did you mean 'revision'?"),
        ({"target": {**TRAINING, "stepps": 1}}, "theirs.target.stepps: Unknown key 'stepps'. Did you mean 'steps'?"),
        ({"target": {**TRAINING, "steps": 0}}, "theirs.target.steps: got 0"),
        ({"retain": {"forget10": {"revision": "x"}}}, "theirs.retain.forget10.repo: missing; add it."),
        ({"retain": {}}, "theirs.retain: got {}, expected at least 1"),
        ({"target": {"repo": ""}}, "theirs.target.repo: got ''"),
    ],
)  # fmt: skip
def test_a_row_that_means_nothing_is_refused_with_the_reason(folder: Path, row: dict, message: str) -> None:
    with pytest.raises(BadInput, match=re.escape(f"models.yaml: {message}")) as caught:
        read_study(study(folder, FINISHED | row))
    assert "\n" not in str(caught.value)


def test_a_retain_model_for_each_target_seed_beside_one_finished_target_is_refused(folder: Path) -> None:
    row = {"architecture": SHAPE, "repo": "org/base", "target": TARGET, "retain": TRAINING}
    seeds = [{"target_seed": seed, "unlearn_seed": seed} for seed in (0, 1)]
    with pytest.raises(
        BadInput, match=r"theirs\.retain: the finished target is one for all replicates.* 2 target seeds"
    ):
        read_study(study(folder, row, seeds=seeds))


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"benchmark": "tofo"}, "nice.benchmark: Unknown benchmark 'tofo'. Did you mean 'tofu'?"),
        ({"model": "thers"}, "nice.model: Unknown model 'thers'. Did you mean 'theirs'?"),
        ({"objective": "retain"}, "nice.objective: 'retain' is the name of a reference model"),
        ({"carrier": "Full"}, "nice.carrier: got 'Full', expected 1 to 64 lower-case letters"),
        ({"repo": "/absent/model"}, "nice.repo: got '/absent/model', which is no folder here and no repository's name"),
        (
            {"benchmark": "wmdp"},
            "nice: the grid has no 'theirs' on 'wmdp', whose references the row would be held against",
        ),
        ({"seed": 1}, "nice.seed: Unknown key 'seed'."),
    ],
)
def test_a_model_of_others_that_cannot_be_a_row_is_refused(folder: Path, keys: dict, message: str) -> None:
    craft = {"sources": {"craft": {"things": 8}}, "tasks": {"forget": ["forget_domain"], "keep": ["retain_domain"]}}
    content = study(folder, FINISHED, external={"nice": THEIRS | keys})
    content["benchmarks"]["wmdp"] = craft
    with pytest.raises(BadInput, match=re.escape(f"config.external.{message}")):
        read_study(content)


def test_two_rows_of_one_name_are_refused(folder: Path) -> None:
    with pytest.raises(
        BadInput, match=r"config\.external\.b: its row is called as that of 'a'; give it another objective"
    ):
        read_study(study(folder, FINISHED, external={"a": THEIRS, "b": THEIRS | {"repo": "org/other"}}))


def test_a_folder_of_another_shape_is_refused(folder: Path) -> None:
    row = {**FINISHED, "target": {"repo": local(folder, "model", num_hidden_layers=3)}}
    with pytest.raises(
        BadInput, match=r"theirs\.target\.architecture\.layers: got 2, expected 3 as model/config\.json says"
    ):
        read_study(study(folder, row))


def test_a_model_from_scratch_has_no_chat_template(folder: Path) -> None:
    row = {"architecture": SHAPE, "base": TRAINING, "target": TRAINING}
    with pytest.raises(
        BadInput, match=r"config\.conventions\.edit_template: got 'chat', which models\.yaml: theirs has none of"
    ):
        read_study(study(folder, row, conventions={"edit_template": "chat"}))


def test_the_preset_puts_everything_into_the_chat_template(folder: Path) -> None:
    """Source: configs/model/Llama-3.2-1B-Instruct.yaml of open-unlearning, d3d7cf9."""
    found = jobs(study(folder, FINISHED, conventions={"preset": "open_unlearning"}))
    told = Chat(system="You are a helpful assistant.", date="10 Apr 2025")
    assert {str(job.spec.template) for job in found if hasattr(job.spec, "template")} == {str(told)}
    assert {str(job.spec.snapshots.template) for job in found if isinstance(job.spec, Unlearn)} == {str(told)}


def test_the_shipped_study_needs_no_gated_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    shipped = read_study(yaml.safe_load((ROOT / "config" / "tofu_1b.yaml").read_text()))
    assert set(repositories(needed(shipped))) == {
        "locuslab/TOFU", "open-unlearning/tofu_Llama-3.2-1B-Instruct_full", "open-unlearning/tofu_Llama-3.2-1B-Instruct_retain90",
    }  # fmt: skip
    # Every cell of theirs for this model and split has a row of ours.
    ours = {
        (run.objective, run.carrier)
        for run in next(job.spec for job in all_jobs(shipped) if job.rule == "aggregate").runs
    }
    lines = (ROOT / "config" / "published" / "open_unlearning.csv").read_text().splitlines()
    theirs = {tuple(line.split(",")[2:4]) for line in lines if line.startswith("llama-3.2-1b-instruct,forget10,")}
    assert theirs <= ours
