"""grunflow prefetch against a hub on the loopback address: what a node without internet then finds."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from grunflow.commands.prefetch import check_parameters, needed, tasks_of
from grunflow.config.architectures import check_shape
from grunflow.config.pins import pinned, repositories
from grunflow.config.reading import read_study
from grunflow.config.typed import read_yaml
from grunflow.errors import BadInput
from tests.hub.server import Hub
from tests.hub.test_hub import tofu_files
from tests.models.families import config_of, tiny

ROOT = Path(__file__).parents[2]
CONFIG = {"model_type": "llama", "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "vocab_size": 300}

WHOLE = {"config.json": json.dumps(CONFIG).encode(), "model.safetensors": b"weights", "tokenizer.json": b"{}"}


def study_in(folder: Path, **architecture: int) -> Path:
    training = {"learning_rate": 1e-3, "steps": 3, "batch_size": 4}
    shape = {"hidden_size": 8, "layers": 1, "heads": 2, **architecture}
    (folder / "models.yaml").write_text(
        yaml.safe_dump({"hubby": {"architecture": shape, "repo": "org/tiny", "target": training}})
    )
    config = {
        "study": "s", "title": "S", "models_sheet": str(folder / "models.yaml"), 
        "revisions": str(folder / "pins.yaml"), "seeds": [{"target_seed": 0, "unlearn_seed": 0}],
        "benchmarks": {"tofu": {"repo": "org/TOFU"}}, "grid": [{"benchmark": "tofu", "model": "hubby", "objectives": ["gd"], "carriers": ["full"]}],
        "objectives": {"gd": {}}, "carriers": {}, "training": {"full": training},
    }  # fmt: skip
    (folder / "study.yaml").write_text(yaml.safe_dump(config))
    return folder / "study.yaml"


def prefetch(hub: Hub, home: Path, config: Path, *more: str, **environment: str) -> subprocess.CompletedProcess:
    command = [Path(sys.executable).parent / "grunflow", "prefetch", "--configfile", config, *more]
    found = {**os.environ, **hub.env(home), **environment}
    return subprocess.run(command, env=found, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_commits_are_pinned_and_found_without_the_hub(tmp_path: Path) -> None:
    config = study_in(tmp_path)
    with Hub() as hub:
        files = {**WHOLE, "original/weights.pth": b"large"}
        model = hub.add("model", "org/tiny", files)
        data = hub.add("dataset", "org/TOFU", tofu_files("first"))
        done = prefetch(hub, tmp_path / "home", config, "--pin")
        assert done.returncode == 0, done.stderr
        assert read_yaml(str(tmp_path / "pins.yaml"), "pins") == {"org/tiny": model, "org/TOFU": data}
        assert not list((tmp_path / "home").rglob("weights.pth"))
        # A later commit changes nothing: the study asks for the pinned ones, and the cache has them.
        hub.add("dataset", "org/TOFU", tofu_files("second"))
        study = read_study(read_yaml(str(config), "config"))
        assert study.models["hubby"].revision == model
        assert study.benchmark("tofu").keys["revision"] == data
        again = prefetch(hub, tmp_path / "home", config, HF_HUB_OFFLINE="1")
        assert f"dataset org/TOFU@{data}" in again.stdout


@pytest.mark.slow
def test_a_shape_that_differs_and_a_refusal_name_the_place(tmp_path: Path) -> None:
    config = study_in(tmp_path, heads=4)
    with Hub() as hub:
        hub.add("model", "org/tiny", WHOLE)
        refused = prefetch(hub, tmp_path / "home", config, "--pin")
        assert refused.returncode == 2
        assert (
            "2 of what the study needs could not be had; nothing was pinned: dataset org/TOFU: no such"
            in refused.stderr
        )
        assert "hubby.architecture.heads: got 4, expected 2" in refused.stderr
        hub.add("dataset", "org/TOFU", tofu_files("first"))
        done = prefetch(hub, tmp_path / "home", config)
        assert done.returncode == 2
        assert "hubby.architecture.heads: got 4, expected 2" in done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_an_unknown_architecture_is_refused_before_its_weights_are_brought(tmp_path: Path) -> None:
    config = study_in(tmp_path)
    with Hub() as hub:
        files = {"config.json": json.dumps({**CONFIG, "model_type": "mamba"}).encode(), "model.safetensors": b"large"}
        hub.add("model", "org/tiny", files)
        done = prefetch(hub, tmp_path / "home", config)
        assert done.returncode == 2
        assert "model org/tiny: Unknown architecture 'mamba'." in done.stderr
        assert "llama, " in done.stderr
        assert "Traceback" not in done.stderr
        assert not list((tmp_path / "home").rglob("*.safetensors"))


def test_a_local_folder_of_an_unknown_architecture_is_refused_when_the_config_is_read(tmp_path: Path) -> None:
    model = tmp_path / "model"
    model.mkdir()
    study = read_yaml(str(study_in(tmp_path)), "config")
    sheet = (tmp_path / "models.yaml").read_text().replace("org/tiny", str(model))
    (tmp_path / "models.yaml").write_text(sheet)
    with pytest.raises(BadInput, match=r"models\.yaml: hubby\.repo: \S*/model holds no config\.json; name the folder"):
        read_study(study)
    (model / "config.json").write_text(json.dumps({"model_type": "t5"}))
    with pytest.raises(
        BadInput, match=r"models\.yaml: hubby\.repo: Unknown architecture 't5'\..* Available: .*llama, "
    ):
        read_study(study)
    (model / "config.json").write_text(json.dumps({"model_type": "gpt2"}))
    read_study(study)


def with_parameter(config: Path, name: str) -> dict:
    """The study, whose carrier full trains that parameter of the first block."""
    study = read_yaml(str(config), "config")
    return {**study, "carriers": {"full": {"layers": [0], "parameters": name}}}


def test_a_local_folder_that_lacks_a_named_parameter_or_the_sheets_depth_is_refused_when_the_config_is_read(
    tmp_path: Path,
) -> None:
    config = study_in(tmp_path, hidden_size=32, layers=2, heads=4)
    tiny("gpt2").save_pretrained(tmp_path / "model")
    sheet = (tmp_path / "models.yaml").read_text().replace("org/tiny", str(tmp_path / "model"))
    (tmp_path / "models.yaml").write_text(sheet)
    read_study(with_parameter(config, "mlp.c_proj.weight"))
    with pytest.raises(
        BadInput,
        match=r"carriers\.full \(gd x full\)\.parameters: got 'mlp\.down_proj\.weight', expected .* 0: .*mlp\.c_proj\.weight",
    ):
        read_study(with_parameter(config, "mlp.down_proj.weight"))
    (tmp_path / "models.yaml").write_text(sheet.replace("layers: 2", "layers: 3"))
    with pytest.raises(
        BadInput, match=r"hubby\.architecture\.layers: got 3, expected 2 as \S*/model/config\.json says"
    ):
        read_study(read_yaml(str(config), "config"))


@pytest.mark.slow
def test_a_parameter_that_the_hubs_model_lacks_is_refused_before_its_weights_are_brought(tmp_path: Path) -> None:
    """A mixture of experts, whose files call parameters otherwise than the model does."""
    config = study_in(tmp_path)
    with Hub() as hub:
        told = config_of("mixtral", hidden_size=8, num_hidden_layers=1, num_attention_heads=2).to_json_string()
        hub.add("model", "org/tiny", {"config.json": told.encode(), "model.safetensors": b"large"})
        config.write_text(yaml.safe_dump(with_parameter(config, "block_sparse_moe.experts.0.w2.weight")))
        done = prefetch(hub, tmp_path / "home", config)
        assert done.returncode == 2
        assert (
            "carriers.full (gd x full).parameters: got 'block_sparse_moe.experts.0.w2.weight', expected" in done.stderr
        )
        assert "mlp.experts.down_proj" in done.stderr
        assert "Traceback" not in done.stderr
        assert not list((tmp_path / "home").rglob("*.safetensors"))
    study = read_study(with_parameter(config, "mlp.experts.down_proj"))
    (tmp_path / "config.json").write_text(told)
    check_parameters(study, {"org/tiny": tmp_path})


@pytest.mark.parametrize(
    "config",
    [
        {"n_embd": 8, "n_layer": 3, "n_head": 2, "n_inner": None},
        {"hidden_size": 5, "text_config": {"hidden_size": 8, "num_hidden_layers": 3}},
    ],
)
def test_shapes_are_compared_whatever_an_architecture_calls_them(tmp_path: Path, config: dict) -> None:
    (tmp_path / "config.json").write_text(json.dumps(config))
    sheet = {"hidden_size": 8, "heads": 2, "intermediate_size": 9}
    check_shape("sheet: m", {**sheet, "layers": 3}, tmp_path)
    with pytest.raises(BadInput, match=r"m\.architecture\.layers: got 2, expected 3"):
        check_shape("sheet: m", {**sheet, "layers": 2}, tmp_path)


def test_every_repository_of_the_papers_study_is_known_and_pinned() -> None:
    study = read_study(read_yaml(str(ROOT / "config" / "paper.yaml"), "config"))
    parts = needed(study)
    found = repositories(parts)
    assert found["meta-llama/Llama-3.1-8B"] == ("model", None)
    assert {"locuslab/TOFU", "cais/wmdp-bio-forget-corpus", "cais/wmdp", "Salesforce/wikitext"} <= set(found)
    assert found["locuslab/TOFU"][0] == "dataset"
    commits = {repo: f"{number:040d}" for number, repo in enumerate(found)}
    assert {repo: revision for repo, (_, revision) in repositories(pinned(parts, commits)).items()} == commits


def test_what_the_grid_does_not_use_and_what_is_generated_needs_no_hub(tmp_path: Path) -> None:
    demo = read_study(read_yaml(str(ROOT / "config" / "demo.yaml"), "config"))
    assert repositories(needed(demo)) == {}
    assert tasks_of(demo) == []
    paper = read_study(read_yaml(str(ROOT / "config" / "paper.yaml"), "config"))
    assert tasks_of(paper) == ["wmdp_bio", "wmdp_cyber", "mmlu"]
    tofu_alone = tuple(rows for rows in paper.grid if rows.benchmark == "tofu" and rows.model == "mistral-7b-v0.1")
    used = repositories(needed(paper.model_copy(update={"grid": tofu_alone})))
    assert used == {"mistralai/Mistral-7B-v0.1": ("model", None), "locuslab/TOFU": ("dataset", None)}
    assert repositories({"tofu": {"repo": "a/b", "folder": str(tmp_path)}}) == {}


def test_a_revision_of_the_config_stays() -> None:
    node = {"tofu": {"repo": "a/b", "revision": "stated"}, "other": [{"repo": "a/b", "revision": None}]}
    assert pinned(node, {"a/b": "pin"}) == {
        "tofu": {"repo": "a/b", "revision": "stated"},
        "other": [{"repo": "a/b", "revision": "pin"}],
    }


TASKS = "from grunflow.evaluation.tasks import prefetch_tasks; prefetch_tasks(['wmdp_bio']); print('ready')"


@pytest.mark.slow
def test_questions_of_the_harness_are_found_without_the_hub(tmp_path: Path) -> None:
    rows = [{"question": f"q{i}", "choices": ["a", "b", "c", "d"], "answer": i % 4} for i in range(6)]
    card = b"---\nconfigs:\n- config_name: wmdp-bio\n  data_files:\n  - split: test\n    path: bio.json\n---\n"
    with Hub() as hub:
        hub.add("dataset", "cais/wmdp", {"bio.json": "\n".join(map(json.dumps, rows)).encode(), "README.md": card})
        for offline in ("0", "1"):
            environment = {**os.environ, **hub.env(tmp_path), "HF_HUB_OFFLINE": offline, "HF_DATASETS_OFFLINE": offline}
            done = subprocess.run(
                [sys.executable, "-c", TASKS], env=environment, capture_output=True, text=True, check=False
            )
            assert "ready" in done.stdout, done.stderr
