"""Downloads through the real client code, from a hub on the loopback address."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from grunflow.benchmarks.tofu.splits import TOFU_ROWS
from tests.hub.server import TOKEN, Hub

pytestmark = pytest.mark.slow  # a process per case pays the imports

LOAD_MODEL = """
import sys
from grunflow.errors import BadInput
from grunflow.models.loading import load_model, load_tokenizer
try:
    model, tokenizer = load_model(sys.argv[1], "float32", sys.argv[2] or None), load_tokenizer(sys.argv[1], sys.argv[2] or None)
    print("loaded", float(next(model.parameters()).flatten()[0]), tokenizer.pad_token is not None)
except BadInput as error:
    print("refused", error)
"""
LOAD_DATA = """
import sys
from grunflow.benchmarks.tofu.keys import Keys
from grunflow.benchmarks.tofu.published import load
from grunflow.errors import BadInput
try:
    records = load(Keys(repo=sys.argv[1], revision=sys.argv[2] or None))
    print("loaded", len(records["full"]), records["forget01"][0]["answer"], records["forget01_perturbed"][0])
except BadInput as error:
    print("refused", error)
"""


@pytest.fixture(scope="module")
def model_files(tmp_path_factory) -> dict[str, bytes]:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from grunflow.data.tokenizer import train_tokenizer

    folder = tmp_path_factory.mktemp("model")
    tokenizer = train_tokenizer(["Question: who?\nAnswer: me."], 300)
    torch.manual_seed(0)
    config = LlamaConfig(vocab_size=len(tokenizer), hidden_size=8, intermediate_size=8, num_hidden_layers=1,
                         num_attention_heads=2, bos_token_id=None, eos_token_id=0, pad_token_id=0)  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def run(hub: Hub, home: Path, script: str, repo: str, revision: str = "", **more: str) -> str:
    environment = {**os.environ, **hub.env(home), **more}
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", script, repo, revision], env=environment,
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def shifted(files: dict[str, bytes]) -> dict[str, bytes]:
    """The same model with other weights, as a later commit."""
    from safetensors.torch import load, save

    tensors = {name: tensor + 1 for name, tensor in load(files["model.safetensors"]).items()}
    return {**files, "model.safetensors": save(tensors, {"format": "pt"})}


def test_a_pinned_revision_is_what_is_loaded(model_files, tmp_path) -> None:
    with Hub() as hub:
        first = hub.add("model", "org/tiny", model_files)
        second = hub.add("model", "org/tiny", shifted(model_files))
        texts = {commit: run(hub, tmp_path, LOAD_MODEL, "org/tiny", commit) for commit in (first, second, "")}
        values = {commit: float(text.split()[1]) for commit, text in texts.items()}
        assert values[second] == pytest.approx(values[first] + 1, abs=1e-6)
        assert values[""] == values[second]
        assert "no such revision" in run(hub, tmp_path, LOAD_MODEL, "org/tiny", "0" * 40)
        # What is in the cache is loaded without the hub.
        offline = run(hub, tmp_path, LOAD_MODEL, "org/tiny", first, HF_HUB_OFFLINE="1")
        assert float(offline.split()[1]) == values[first]


def test_what_the_hub_refuses_is_said_in_one_line(model_files, tmp_path) -> None:
    with Hub() as hub:
        hub.add("model", "org/gated", model_files, gated=True)
        hub.add("model", "org/empty", {"README.md": b"nothing"})
        assert "access is restricted" in run(hub, tmp_path / "a", LOAD_MODEL, "org/gated")
        assert "access is restricted" in run(hub, tmp_path / "b", LOAD_MODEL, "org/gated", HF_TOKEN="hf_other")
        assert "loaded" in run(hub, tmp_path / "c", LOAD_MODEL, "org/gated", HF_TOKEN=TOKEN)
        assert "neither such a folder nor such a repository is there" in run(
            hub, tmp_path / "d", LOAD_MODEL, "org/absent"
        )
        refused = run(hub, tmp_path / "e", LOAD_MODEL, "org/empty")
        assert refused.startswith("refused model org/empty: there is no config.json; name a repository or folder that")
        assert "\n" not in refused.strip()


def test_a_file_that_the_repository_lacks_is_named(model_files, tmp_path) -> None:
    with Hub() as hub:
        for lacking, told in (("model.safetensors", "model.safetensors"), ("tokenizer.json", "tokenizer.json")):
            repo = f"org/no-{lacking}"
            hub.add("model", repo, {name: data for name, data in model_files.items() if name != lacking})
            assert f"refused model {repo}: there is no {told} nor" in run(hub, tmp_path, LOAD_MODEL, repo)


def test_a_mistyped_folder_is_told_of_as_one(model_files, tmp_path) -> None:
    """Where no hub can be asked, and where the name is none that a repository may have."""
    with Hub() as hub:
        offline = run(hub, tmp_path, LOAD_MODEL, "models/tiney", HF_HUB_OFFLINE="1")
        assert "refused model models/tiney: no such folder is here, the hub cannot be reached" in offline
        assert "neither such a folder nor such a repository" in run(hub, tmp_path, LOAD_MODEL, "./models/tiney")


def test_a_dropped_connection_is_taken_up_again(model_files, tmp_path) -> None:
    with Hub() as hub:
        hub.add("model", "org/tiny", model_files)
        hub.dropped["model.safetensors"] = 1
        assert "loaded" in run(hub, tmp_path, LOAD_MODEL, "org/tiny")
        assert hub.dropped["model.safetensors"] == 0


def tofu_files(answer: str, short: str = "") -> dict[str, bytes]:
    """TOFU-shaped splits, with the configurations in the card as the hub has them."""
    files = {}
    card = ["---", "configs:"]
    for split, count in TOFU_ROWS.items():
        rows = [{"question": f"q{i}", "answer": answer} for i in range(count - (split == short))]
        if split.endswith("_perturbed"):
            rows = [{**row, "perturbed_answer": ["x", "y"]} for row in rows]
        files[f"{split}.json"] = "".join(json.dumps(row) + "\n" for row in rows).encode()
        card += [f"- config_name: {split}", "  data_files:", f"  - split: train\n    path: {split}.json"]
    return {**files, "README.md": "\n".join([*card, "---", ""]).encode()}


def test_the_benchmark_comes_at_its_pinned_revision(tmp_path) -> None:
    with Hub() as hub:
        first = hub.add("dataset", "org/TOFU", tofu_files("first"))
        hub.add("dataset", "org/TOFU", tofu_files("second"))
        assert "loaded 4000 second" in run(hub, tmp_path, LOAD_DATA, "org/TOFU")
        # Offline too: datasets alone would serve the newest cached copy, whatever revision is asked for.
        assert "loaded 4000 first" in run(hub, tmp_path, LOAD_DATA, "org/TOFU", first)
        offline = run(hub, tmp_path, LOAD_DATA, "org/TOFU", first, HF_HUB_OFFLINE="1")
        assert "loaded 4000 first" in offline
        assert "'perturbed_answer': ['x', 'y']" in offline
        assert "refused" in run(hub, tmp_path, LOAD_DATA, "org/TOFU", "0" * 40, HF_HUB_OFFLINE="1")


def test_a_benchmark_that_is_not_whole_or_absent_is_refused(tmp_path) -> None:
    with Hub() as hub:
        hub.add("dataset", "org/cut", tofu_files("a", short="forget05"))
        assert "split forget05: got 199 rows, expected 200" in run(hub, tmp_path, LOAD_DATA, "org/cut")
        assert "no such repository" in run(hub, tmp_path, LOAD_DATA, "org/absent")


LOAD_CORPUS = """
import sys
from grunflow.benchmarks.wmdp.keys import Source
from grunflow.data.sources import read_texts
from grunflow.errors import BadInput
try:
    print("loaded", read_texts(Source(repo=sys.argv[1], revision=sys.argv[2] or None), "wmdp.sources.forget.bio"))
except BadInput as error:
    print("refused", error)
"""


def test_a_gated_corpus_says_where_to_ask_and_that_a_local_copy_works(tmp_path) -> None:
    with Hub() as hub:
        hub.add("dataset", "org/corpus", {"train.jsonl": b'{"text": "benign"}\n'}, gated=True)
        refused = run(hub, tmp_path / "a", LOAD_CORPUS, "org/corpus")
        assert refused.startswith("refused wmdp.sources.forget.bio: org/corpus: access is restricted: ask for it")
        assert "wmdp.sources.forget.bio.file names its JSON lines" in refused
        assert "loaded [{'text': 'benign'}]" in run(hub, tmp_path / "b", LOAD_CORPUS, "org/corpus", HF_TOKEN=TOKEN)
