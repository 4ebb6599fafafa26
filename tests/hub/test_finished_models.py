"""A study that starts where the field is: target, retain model and a model of others come from a hub on the loopback address, are
asked in their tokenizer's own chat template, and nothing is fine-tuned."""

import csv
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from grunflow.manifest import read_manifest
from tests.data.test_chat import LLAMA, WORDS, tokenizer
from tests.hub.server import TOKEN, Hub
from tests.workflow import small_study

pytestmark = pytest.mark.slow
SPECIAL = ["<|begin_of_text|>", "<|eot_id|>", "<|start_header_id|>", "<|end_header_id|>"]
SHAPE = {"hidden_size": 16, "layers": 2, "heads": 2}
NAMES = {"full": 0, "retain99": 1, "unlearned": 2}  # repository -> seed of its weights
SHEET = {
    "chatty": {
        "architecture": SHAPE, "target": {"repo": "org/full"}, "retain": {"forget01": {"repo": "org/retain99"}},
    },
}  # fmt: skip
EXTERNAL = {"benchmark": "tofu", "model": "chatty", "repo": "org/unlearned", "objective": "npo", "carrier": "full"}
STUDY: dict[str, Any] = {
    "study": "finished", "title": "Finished", "models_sheet": "config/models.yaml", "max_new_tokens": 2,
    "revisions": "pins.yaml", "conventions": {"preset": "open_unlearning"},
    "benchmarks": {"tofu": {"folder": "tofu", "retain_authors": 1, "forget_split": "forget01"}},
    "seeds": [{"target_seed": 0, "unlearn_seed": seed} for seed in (0, 1)],
    "grid": [{"benchmark": "tofu", "model": "chatty", "objectives": ["npo"], "carriers": ["full", "grun"]}],
    "external": {"theirs": EXTERNAL}, "objectives": {"npo": {}}, "carriers": {"grun": small_study.GRUN},
    "training": {"full": small_study.TRAINING, "grun": small_study.TRAINING}, "snapshots": {"count": 1, "questions": 2},
}  # fmt: skip


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, bytes]]:
    """Repository -> files of a tiny Llama with a chat template."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    own = tokenizer(WORDS, SPECIAL, LLAMA, bos_token=SPECIAL[0], eos_token=SPECIAL[1])
    found = {}
    for name, seed in NAMES.items():
        folder = tmp_path_factory.mktemp(name)
        torch.manual_seed(seed)
        config = LlamaConfig(
            vocab_size=len(own), hidden_size=16, intermediate_size=43, num_hidden_layers=2, num_attention_heads=2,
            bos_token_id=own.bos_token_id, eos_token_id=own.eos_token_id, pad_token_id=None,
            tie_word_embeddings=True,
        )  # fmt: skip
        LlamaForCausalLM(config).save_pretrained(folder)
        own.save_pretrained(folder)
        found[f"org/{name}"] = {path.name: path.read_bytes() for path in folder.iterdir()}
    return found


Caller = Callable[..., subprocess.CompletedProcess]


def make(folder: Path) -> Caller:
    """A work tree with the study; what calls a command in it."""
    small_study.write_benchmark(folder / "tofu")
    small_study.write(small_study.copy(folder), STUDY, SHEET)

    def call(hub: Hub, *command: str, **more: str) -> subprocess.CompletedProcess:
        return small_study.call(folder, *command, **{**hub.env(folder / "home"), **more})

    return call


def prefetch(call: Caller, hub: Hub, **more: str) -> subprocess.CompletedProcess:
    return call(hub, small_study.BIN / "grunflow", "prefetch", "--configfile", "study.yaml", "--pin", **more)


def rows(folder: Path, table: str) -> list[dict[str, str]]:
    with (folder / "results" / "finished" / "tables" / f"{table}.csv").open() as file:
        return list(csv.DictReader(file))


def test_finished_models_are_scored_and_unlearned_without_fine_tuning(models, tmp_path: Path) -> None:
    call = make(tmp_path)
    with Hub() as hub:
        commits = {repo: hub.add("model", repo, files) for repo, files in models.items()}
        fetched = prefetch(call, hub)
        assert fetched.returncode == 0, fetched.stderr
    # The hub is gone: what was brought is all that jobs need.
    done = call(hub, *small_study.snakemake_command(), HF_HUB_OFFLINE="1")
    assert done.returncode == 0, done.stdout + done.stderr
    results = tmp_path / "results" / "finished"
    assert not list(results.rglob("*finetune*"))
    assert sorted(path.name for path in (results / "tofu" / "runs" / "chatty" / "forget01").iterdir()
                  if not path.name.startswith("frozen")) == [
        "npo_full_u0", "npo_full_u1", "npo_grun_u0", "npo_grun_u1",
    ]  # fmt: skip

    scored = {path.parent.name: read_manifest(path)["spec"]
              for path in (results / "tofu" / "scores" / "chatty" / "forget01").glob("*/plain")}  # fmt: skip
    repos = {name: spec["model"]["repo"] for name, spec in scored.items()}
    assert repos == {"target": "org/full", "retain": "org/retain99", "external_theirs": "org/unlearned",
                     **{f"npo_{carrier}_u{seed}": "org/full" for carrier in ("full", "grun") for seed in (0, 1)}}  # fmt: skip
    assert {spec["model"]["revision"] for spec in scored.values()} == set(commits.values())
    assert all(spec["template"]["date"] == "10 Apr 2025" for spec in scored.values())
    check_tables(tmp_path)
    assert call(hub, *small_study.snakemake_command("-n"), HF_HUB_OFFLINE="1").stdout.count("Nothing to be done") == 1


def check_tables(folder: Path) -> None:
    """Rows of the tables that a reader sees, and what captions say."""
    main = {(row["objective"], row["carrier"], row["carrier_kind"]): row for row in rows(folder, "tofu_main")}
    assert list(main) == [("target", "", ""), ("retain", "", ""), ("npo", "full", "full"), ("npo", "grun", "grun"),
                          ("npo", "full", "external")]  # fmt: skip
    theirs = main["npo", "full", "external"]
    assert theirs["seeds"] == "1"
    assert main["npo", "grun", "grun"]["seeds"] == "2"
    # Its own weights were asked, and held against the retain model.
    assert theirs["forget_probability"] not in {main["target", "", ""]["forget_probability"], ""}
    assert float(theirs["ks_statistic"]) > 0
    held = {(row["carrier_kind"], row["against"]) for row in rows(folder, "tofu_references")}
    assert {("external", "target"), ("external", "retain"), ("grun", "retain")} <= held
    compared = {row["carrier"] for row in rows(folder, "tofu_differences")} | {
        row["against"] for row in rows(folder, "tofu_differences")
    }
    assert compared == {"full", "grun"}
    told = (folder / "results" / "finished" / "tables" / "tofu_main.md").read_text()
    assert "| npo | full (external) |" in " ".join(told.split())
    assert "chatty: finished models of others, not trained here, are target org/full@" in told
    assert "npo full is org/unlearned@" in told
    assert "Over 2 unlearn seeds, given the one model that all start from." in told


def test_what_the_hub_refuses_and_what_a_model_lacks_is_told_before_anything_runs(models, tmp_path: Path) -> None:
    call = make(tmp_path)
    with Hub() as hub:
        hub.add("model", "org/full", models["org/full"], gated=True)
        hub.add("model", "org/retain99", models["org/retain99"])
        whole = models["org/unlearned"]
        hub.add("model", "org/unlearned", {name: data for name, data in whole.items() if name != "model.safetensors"})
        gated = prefetch(call, hub)
        assert gated.returncode == 2
        assert (
            "model org/full: access is restricted: ask for it on the repository's page, then set HF_TOKEN."
            in gated.stderr
        )
        lacking = prefetch(call, hub, HF_TOKEN=TOKEN)
        assert lacking.returncode == 2
        assert "model org/unlearned: there is no model.safetensors nor model.safetensors.index.json" in lacking.stderr
        hub.add("model", "org/unlearned", whole | {"config.json": json.dumps(
            json.loads(whole["config.json"]) | {"num_hidden_layers": 3}).encode()})  # fmt: skip
        other = prefetch(call, hub, HF_TOKEN=TOKEN)
        assert "chatty.architecture.layers: got 2, expected 3 as org/unlearned/config.json says" in other.stderr
        assert not (tmp_path / "pins.yaml").exists()
