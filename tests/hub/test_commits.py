"""A repository without a pinned revision that moves between two stages: the commit stands in manifests, and two are refused."""

import json
from pathlib import Path

import pytest

from grunflow import hub
from grunflow.errors import BadInput
from grunflow.manifest import identities_of, output_folder, read_manifest
from tests.hub.server import Hub
from tests.hub.test_hub import model_files, run, shifted

__all__ = ["model_files"]  # a fixture
OLD, NEW = "a" * 40, "b" * 40
STAGE = """
import sys
from pathlib import Path
from grunflow.config.models import Architecture, Model
from grunflow.errors import BadInput
from grunflow.manifest import identities_of, output_folder
from grunflow.models.loading import start_model, start_tokenizer
name, *inputs = sys.argv[2].split()
shape = Architecture(hidden_size=8, layers=1, heads=2)
try:
    with output_folder(Path(name), spec={}, code=name, inputs=identities_of({"start": list(map(Path, inputs))})):
        model = Model(name="m", architecture=shape, repo=sys.argv[1])
        start_model(model, []), start_tokenizer(model, [])
    print("made")
except BadInput as error:
    print("refused", error)
"""


def stage(out: str, *inputs: str, commit: str = "", revision: str | None = None) -> Path:
    """A stage that reads `inputs`, and a repository at a commit."""
    named = identities_of({"start": [Path(name) for name in inputs]})
    with output_folder(Path(out), spec={}, code=out, inputs=named):
        if commit:
            hub.resolved("model", "org/tiny", revision, commit)
    return Path(out)


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_stages_manifest_holds_its_commits_and_those_of_what_it_follows_from() -> None:
    stage("a", commit=OLD)
    stage("b", "a")
    stage("c", "b", commit=OLD)
    assert [read_manifest(Path(name))["commits"] for name in "abc"] == [{"model org/tiny": OLD}] * 3


def test_a_stage_that_reads_another_commit_than_its_inputs_is_refused() -> None:
    stage("a", commit=OLD)
    stage("b", "a")
    with pytest.raises(
        BadInput, match=f"^model org/tiny: is at {NEW[:12]} now, and an input was made with {OLD[:12]}; pin one"
    ):
        stage("c", "b", commit=NEW)
    assert not Path("c").exists()
    stage("pinned", "a", commit=NEW, revision=NEW)  # another revision was asked for


def test_inputs_that_rest_on_different_commits_are_refused() -> None:
    stage("a", commit=OLD)
    stage("b", commit=NEW)
    with pytest.raises(
        BadInput, match=f"^input b: was made with model org/tiny at {NEW[:12]}, a with {OLD[:12]}; pin one"
    ) as caught:
        stage("c", "a", "b")
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_a_model_that_moves_on_the_hub(model_files: dict[str, bytes], tmp_path: Path) -> None:
    """Through the real client, from a hub on the loopback address."""
    with Hub() as server:
        first = server.add("model", "org/tiny", model_files)
        assert run(server, tmp_path / "home", STAGE, "org/tiny", "one") == "made\n"
        assert run(server, tmp_path / "home", STAGE, "org/tiny", "two one") == "made\n"
        second = server.add("model", "org/tiny", shifted(model_files))
        told = run(server, tmp_path / "home", STAGE, "org/tiny", "three two")
        assert told.startswith(
            f"refused model org/tiny: is at {second[:12]} now, and an input was made with {first[:12]}; pin one"
        )
        assert run(server, tmp_path / "home", STAGE, "org/tiny", "alone") == "made\n"
        commits = [json.loads(Path(name, "manifest.json").read_text())["commits"] for name in ("one", "two", "alone")]
        assert commits == [{"model org/tiny": first}, {"model org/tiny": first}, {"model org/tiny": second}]
        assert run(server, tmp_path / "home", STAGE, "org/tiny", "both two alone").startswith(
            "refused input alone: was made with"
        )
        assert not Path("three").exists()
