"""A run's folder as a model: it answers as the workflow scored it."""

import json
import subprocess
from pathlib import Path

import pandas as pd
import pytest
import torch

from grunflow import load_run
from grunflow.data.picking import evenly
from grunflow.data.records import read_rows
from grunflow.errors import BadInput
from tests.jobs import CARRIERS, GRUNFLOW, KNOWN, MODEL, WORLD, Job, asked, finetune, unlearn

pytestmark = pytest.mark.slow
WRITTEN = 6
PLAIN = {"name": "plain", "kind": "plain"}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data and a target model, made by the command line."""
    folder = tmp_path_factory.mktemp("world")
    Job(folder, "prepare", WORLD).run("data")
    Job(folder, "finetune", finetune("base"), data="data").run("base")
    Job(folder, "finetune", finetune("target", files=KNOWN), data="data", start="base").run("target")
    return folder


@pytest.mark.parametrize("carrier", ["full", "lora", "grun"])
def test_it_answers_as_it_was_scored(world: Path, carrier: str) -> None:
    run = f"loaded_{carrier}"
    Job(world, "unlearn", unlearn("gd", carrier), data="data", start="target").run(run)
    spec = {
        "benchmark": "tofu", "run": run, "model": MODEL, "carriers": [CARRIERS[carrier]], "condition": PLAIN,
        "probes": [{"kind": "answers", "sets": [asked("forget", "forget", "forget10", 6)]}], "max_new_tokens": WRITTEN,
    }  # fmt: skip
    Job(world, "evaluate", spec, data="data", start="target", model=run).run(f"{run}_scores")
    scored = pd.read_parquet(world / f"{run}_scores" / "answers.parquet")["generation"].tolist()
    rows = read_rows(world / "data" / "sets" / "forget10.jsonl")
    prompts = [f"Question: {row['question']}\nAnswer:" for row in (rows[place] for place in evenly(6, len(rows)))]

    model, tokenizer = load_run(world / run)
    tokenizer.padding_side = "left"
    batch = tokenizer(prompts, return_tensors="pt", padding=True)
    batch.pop("token_type_ids", None)
    written = model.generate(**batch, max_new_tokens=WRITTEN, do_sample=False)[:, batch["input_ids"].shape[1] :]
    found = [tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False) for ids in written]
    assert [text.strip() for text in found] == [text.strip() for text in scored]
    # One by one, without a mask, and as likelihoods: the edit acts at the last token of the prompt alone.
    alone = tokenizer(prompts[0], return_tensors="pt")["input_ids"]
    with torch.no_grad():
        whole, first = model(alone).logits, model(alone, use_cache=True)
        again = model(alone[:, -1:], past_key_values=first.past_key_values).logits
    assert torch.equal(whole, first.logits)
    assert again.shape[1] == 1


def test_a_fine_tuned_model_too_and_nothing_else(world: Path) -> None:
    model, tokenizer = load_run(world / "target")
    assert model(**{"input_ids": tokenizer("Question: who?", return_tensors="pt")["input_ids"]}).logits.ndim == 3
    with pytest.raises(BadInput, match="is the result of 'prepare', expected a run"):
        load_run(world / "data")
    with pytest.raises(BadInput, match="does not exist"):
        load_run(world / "none")


def test_ask_puts_the_run_beside_what_it_started_from(world: Path) -> None:
    run = world / "loaded_grun"
    rows = read_rows(world / "data" / "sets" / "forget10.jsonl")
    done = subprocess.run(
        [GRUNFLOW, "ask", run.name, "--json", "--max-new-tokens", str(WRITTEN)], cwd=world, check=True, text=True,
        input=f"{rows[0]['question']}\n\n{rows[3]['question']}\n", capture_output=True,
    )  # fmt: skip
    first, second = map(json.loads, done.stdout.splitlines())
    scored = pd.read_parquet(world / f"{run.name}_scores" / "answers.parquet")
    assert first["question"] == rows[0]["question"]
    assert first[run.name]["text"] == scored["generation"][0].strip()
    assert list(first[run.name]["gates"]) == ["0", "1"]
    assert first["target"]["gates"] == {}
    assert all(0 < share <= 1 for share in second["target"]["first"].values())
    plain = subprocess.run(
        [GRUNFLOW, "ask", run.name, "Who?", "--max-new-tokens", "2"],
        cwd=world,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert "target: " in plain
    assert "gates block 0: " in plain
