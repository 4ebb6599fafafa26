"""config/paper.yaml against the authors' code: every row names the place that says so, and the value that jobs must have.

Places are `file:line` of renjie3/GRUN at b59fd78, or, behind `wmdp/`, of RMU's own code (centerforaisafety/wmdp as stored in
manwaner333/wmdp_qing at 9b7e128), on which the baseline of cmd_wmdp.sh runs. With a clone in GRUNFLOW_AUTHORS a test holds the
line to what it is taken for.
"""

import os
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from grunflow.benchmarks.tofu.splits import TOFU_ROWS
from grunflow.config.jobs import Job, all_jobs
from grunflow.config.parts import Training
from grunflow.config.reading import read_study
from grunflow.training.schedule import learning_rate_factor, total_steps

ROOT = Path(__file__).parents[2]
COMMIT = "b59fd78"
MODELS = ("llama-3.1-8b", "mistral-7b-v0.1")
CLONE = os.environ.get("GRUNFLOW_AUTHORS", "")


class Told(NamedTuple):
    """place, word: a line of their code and what it holds. where: of which jobs (`key=value` of their parts). key: of the spec."""

    place: str
    word: str
    where: str
    key: str
    value: Any


TOLD = [
    # Every model is asked in one form.
    Told("pyreft/dataset.py:796", r"Question: %s \nAnswer: ", "stage=evaluate", "template", "authors"),
    Told("pyreft/dataset.py:796", r"Question: %s \nAnswer: ", "stage=unlearn", "snapshots.template", "authors"),
    Told("pyreft/dataset.py:716", r"Question: %s \nAnswer: ", "benchmark=tofu carrier=grun", "template", "authors"),
    Told("config/model_config.yaml:14", "Answer: ", "benchmark=tofu carrier=full", "template", "baseline"),
    Told("config/model_config.yaml:23", "Answer: ", "benchmark=tofu carrier=lora", "template", "baseline"),
    Told("baseline/data_module.py:11", "question_start_token", "stage=finetune", "template", "baseline"),
    Told("grun_eval.py:104", "max_new_tokens=256", "stage=evaluate", "max_new_tokens", 256),
    # Target and retain models.
    Told("cmd_finetune.sh:5", "num_epochs=5", "stage=finetune model=llama-3.1-8b", "model.target.epochs", 5),
    Told("cmd_finetune.sh:3", "num_epochs=8", "stage=finetune model=mistral-7b-v0.1", "model.target.epochs", 8),
    Told("cmd_finetune.sh:7", "= 32", "stage=finetune", "model.target.batch_size", 32),
    Told("cmd_finetune.sh:5", "batch_size=4", "stage=finetune", "model.target.mean_rows", 4),
    Told("config/finetune.yaml:14", "1e-5", "stage=finetune", "model.target.learning_rate", 1e-5),
    Told("config/finetune.yaml:19", "0.01", "stage=finetune", "model.target.weight_decay", 0.01),
    Told("config/ds_config.json:25", "bf16", "stage=finetune", "model.target.gradient_clip", None),
    Told("baseline/finetune.py:102", "paged_adamw_32bit", "stage=finetune", "model.target.precision", "masters"),
    Told("baseline/finetune.py:81", "//", "stage=finetune model=llama-3.1-8b role=target", "steps", 625),
    Told("baseline/finetune.py:81", "//", "stage=finetune model=mistral-7b-v0.1 role=target", "steps", 1000),
    Told("baseline/finetune.py:81", "//", "stage=finetune model=llama-3.1-8b role=retain", "steps", 593),
    Told("baseline/finetune.py:81", "//", "stage=finetune model=mistral-7b-v0.1 role=retain", "steps", 950),
    Told("baseline/finetune.py:94", "//10", "stage=finetune model=llama-3.1-8b role=target", "warmup", 62),
    Told("baseline/finetune.py:94", "//10", "stage=finetune model=mistral-7b-v0.1 role=target", "warmup", 100),
    # Baselines on TOFU.
    Told("cmd_baseline.sh:12", "split=forget05", "stage=unlearn benchmark=tofu", "stream.forget", "sets/forget05.jsonl"),
    Told("cmd_baseline.sh:12", "retain_set=retain95", "stage=unlearn benchmark=tofu", "stream.retain", "sets/retain95.jsonl"),
    Told("baseline/data_module.py:81", "manual_seed(idx)", "benchmark=tofu carrier=full", "stream.sampling", "fixed_partner"),
    Told("baseline/forget.py:102", "//", "benchmark=tofu carrier=full", "steps", 62),
    Told("baseline/forget.py:102", "//", "benchmark=tofu carrier=lora", "steps", 62),
    Told("config/forget.yaml:31", "steps_per_epoch", "benchmark=tofu carrier=full", "warmup", 6),
    Told("config/forget.yaml:31", "steps_per_epoch", "benchmark=tofu carrier=lora", "warmup", 6),
    Told("cmd_baseline.sh:12", "gradient_accumulation_steps=16", "benchmark=tofu carrier=full", "training.batch_size", 32),
    Told("config/forget.yaml:10", "1e-5", "benchmark=tofu carrier=full", "training.learning_rate", 1e-5),
    Told("cmd_baseline.sh:19", "lr=1e-4", "benchmark=tofu carrier=lora", "training.learning_rate", 1e-4),
    Told("config/forget.yaml:25", "0.01", "benchmark=tofu carrier=full", "training.weight_decay", 0.01),
    Told("config/forget.yaml:25", "0.01", "benchmark=tofu carrier=lora", "training.weight_decay", 0.01),
    Told("config/ds_config.json:25", "bf16", "benchmark=tofu carrier=full", "training.gradient_clip", None),
    Told("config/ds_config.json:25", "bf16", "benchmark=tofu carrier=lora", "training.gradient_clip", None),
    Told("baseline/forget.py:132", "paged_adamw_32bit", "benchmark=tofu carrier=full", "training.precision", "masters"),
    Told("cmd_baseline.sh:19", "LoRA.r=4", "carrier=lora", "carrier.rank", 4),
    Told("config/forget.yaml:7", "32", "carrier=lora", "carrier.alpha", 32),
    Told("config/forget.yaml:8", "0.05", "carrier=lora", "carrier.dropout", 0.05),
    # Their losses: micro-batches of one row (config/forget.yaml:14), so a mean over labels is one over a row.
    Told("baseline/dataloader.py:185", "outputs.loss", "carrier=full objective=gd", "objective.reduction", "row"),
    Told("baseline/dataloader.py:373", "retain_outputs.loss", "carrier=full objective=npo", "objective.reduction", "row"),
    Told("baseline/dataloader.py:268", "outputs.loss", "carrier=full objective=idk", "objective.reduction", "pairs"),
    Told("baseline/dataloader.py:268", "outputs.loss", "carrier=lora objective=idk", "objective.reduction", "pairs"),
    Told("baseline/dataloader.py:229", "get_batch_loss", "carrier=lora objective=gd", "objective.reduction", "sequence"),
    Told("baseline/dataloader.py:388", "get_batch_loss", "carrier=lora objective=npo", "objective.reduction", "sequence"),
    Told("baseline/dataloader.py:191", "forget_loss + retain_loss", "carrier=full objective=gd", "objective.retain_weight", 1.0),
    Told("baseline/dataloader.py:234", "forget_loss.mean() + ret", "carrier=lora objective=gd", "objective.retain_weight", 1.0),
    Told("cmd_baseline.sh:14", "npo_coeff=0.1375", "carrier=full objective=npo", "objective.forget_weight", 0.1375),
    Told("cmd_baseline.sh:21", "npo_coeff=0.1375", "carrier=lora objective=npo", "objective.forget_weight", 0.1375),
    Told("cmd_baseline.sh:14", "grad_diff_coeff=1 ", "carrier=full objective=npo", "objective.retain_weight", 1.0),
    Told("config/forget.yaml:20", "1.0", "carrier=lora objective=npo", "objective.retain_weight", 1.0),
    Told("cmd_baseline.sh:14", "beta=0.1", "carrier=full objective=npo", "objective.beta", 0.1),
    # GRUN on TOFU.
    Told("cmd_grun.sh:6", "linear", "benchmark=tofu named=grun_linear", "carrier.gate", "linear"),
    Told("cmd_grun.sh:11", "mlp_3", "benchmark=tofu named=grun_mlp", "carrier.gate", "mlp_3"),
    Told("cmd_grun.sh:14", "--layers 20 25 31", "carrier=grun", "carrier.layers", [20, 25, 31]),
    Told("grun.py:17", "default=4", "carrier=grun", "carrier.rank", 4),
    Told("cmd_grun.sh:14", "--gate_weight 10 ", "benchmark=tofu carrier=grun", "carrier.gate_weight", 10),
    Told("pyreft/reft_trainer.py:219", "BCELoss", "carrier=grun", "carrier.gate_loss", "probabilities"),
    Told("cmd_grun.sh:14", "--epoch 40", "benchmark=tofu carrier=grun", "steps", 520),
    Told("grun.py:138", "TrainingArguments", "benchmark=tofu carrier=grun", "warmup", 0),
    Told("grun.py:141", "=16", "carrier=grun", "training.batch_size", 16),
    Told("grun.py:142", "4e-3", "carrier=grun", "training.learning_rate", 4e-3),
    Told("grun.py:138", "TrainingArguments", "carrier=grun", "training.weight_decay", 0.0),
    Told("grun.py:138", "TrainingArguments", "carrier=grun", "training.gradient_clip", 1.0),
    Told("grun.py:138", "TrainingArguments", "carrier=grun", "training.schedule", "linear"),
    Told("pyreft/dataset.py:570", "manual_seed(idx)", "carrier=grun", "stream.sampling", "fixed_partner"),
    Told("pyreft/reft_trainer.py:217", "forget_output.loss", "carrier=grun benchmark=tofu", "objective.reduction", "token"),
    Told("cmd_grun.sh:14", "--retain_weight 2", "carrier=grun objective=gd", "objective.retain_weight", 2.0),
    Told("cmd_grun.sh:16", "--retain_weight 1", "carrier=grun objective=idk", "objective.retain_weight", 1.0),
    Told("cmd_grun.sh:18", "--retain_weight 1", "carrier=grun objective=npo", "objective.retain_weight", 1.0),
    Told("cmd_grun.sh:18", "--npo_coeff 100", "carrier=grun objective=npo", "objective.forget_weight", 100.0),
    Told("grun.py:22", "default=0.1", "carrier=grun objective=npo", "objective.beta", 0.1),
    # GRUN on WMDP.
    Told("grun_wmdp.py:100", "GatedLoreftIntervention(", "benchmark=wmdp carrier=grun", "carrier.gate", "mlp_3"),
    Told("cmd_wmdp.sh:11", "--gate_weight 100", "benchmark=wmdp carrier=grun", "carrier.gate_weight", 100),
    Told("cmd_wmdp.sh:11", "--epoch 4", "benchmark=wmdp carrier=grun", "training.epochs", 4),
    Told("pyreft/dataset.py:886", "1000", "benchmark=wmdp carrier=grun", "steps", 500),
    Told("cmd_wmdp.sh:11", "--rmu_layer 31", "benchmark=wmdp carrier=grun", "objective.layer", 30),
    Told("cmd_wmdp.sh:11", "--steering_coeff 300", "benchmark=wmdp carrier=grun", "objective.steering", 300),
    Told("cmd_wmdp.sh:11", "--retain_weight 1", "benchmark=wmdp carrier=grun", "objective.retain_weight", 1.0),
    Told("pyreft/reft_trainer.py:487", "labels != -100", "benchmark=wmdp carrier=grun", "objective.rmu_positions", "labels"),
    Told("grun_wmdp.py:122", "200", "benchmark=wmdp carrier=grun", "stream.texts.min_length", 200),
    Told("pyreft/dataset.py:921", "512", "benchmark=wmdp carrier=grun", "stream.texts.max_tokens", 512),
    Told("pyreft/dataset.py:937", "0.8", "benchmark=wmdp carrier=grun", "stream.texts.fraction", 0.8),
    Told("pyreft/dataset.py:897", "merge_forget_data", "benchmark=wmdp carrier=grun", "stream.texts.mixed", True),
    # RMU as published: its two commands, and its own code for what they leave out.
    Told("cmd_wmdp.sh:24", "--layer_id 15", "benchmark=wmdp carrier=full", "objective.layer", 15),
    Told("cmd_wmdp.sh:24", "--layer_ids 13,14,15", "benchmark=wmdp carrier=full", "carrier.layers", [13, 14, 15]),
    Told("wmdp/rmu/unlearn.py:164", '"6"', "benchmark=wmdp carrier=full", "carrier.parameters", "mlp.down_proj.weight"),
    Told("cmd_wmdp.sh:24", "--steering_coeffs 30,30", "carrier=full benchmark=wmdp model=llama-3.1-8b", "objective.steering", 30),
    Told("cmd_wmdp.sh:26", "--steering_coeffs 27,27", "carrier=full benchmark=wmdp model=mistral-7b-v0.1", "objective.steering", 27),
    Told("cmd_wmdp.sh:24", "--alpha 350,350", "carrier=full benchmark=wmdp model=llama-3.1-8b", "objective.retain_weight", 350.0),
    Told("cmd_wmdp.sh:26", "--alpha 1600,1600", "carrier=full benchmark=wmdp model=mistral-7b-v0.1", "objective.retain_weight", 1600.0),
    Told("wmdp/rmu/unlearn.py:158", "default=0", "carrier=full benchmark=wmdp model=llama-3.1-8b", "stream.texts.min_length", 0),
    Told("cmd_wmdp.sh:26", "--min_len 200", "carrier=full benchmark=wmdp model=mistral-7b-v0.1", "stream.texts.min_length", 200),
    Told("cmd_wmdp.sh:24", "--max_num_batches 150", "benchmark=wmdp carrier=full", "steps", 150),
    Told("cmd_wmdp.sh:24", "--batch_size 4", "benchmark=wmdp carrier=full", "training.batch_size", 4),
    Told("cmd_wmdp.sh:24", "--lr 5e-5", "benchmark=wmdp carrier=full", "training.learning_rate", 5e-5),
    Told("wmdp/rmu/unlearn.py:6", "from transformers import AdamW", "benchmark=wmdp carrier=full", "training.weight_decay", 0.0),
    Told("wmdp/rmu/unlearn.py:26", "AdamW(params, lr=args.lr)", "benchmark=wmdp carrier=full", "training.eps", 1e-6),
    Told("wmdp/rmu/unlearn.py:92", "optimizer.step()", "benchmark=wmdp carrier=full", "training.schedule", "constant"),
    Told("wmdp/rmu/unlearn.py:92", "optimizer.step()", "benchmark=wmdp carrier=full", "training.gradient_clip", None),
    Told("wmdp/rmu/unlearn.py:92", "optimizer.step()", "benchmark=wmdp carrier=full", "warmup", 0),
    Told("wmdp/rmu/utils.py:49", '"auto"', "benchmark=wmdp carrier=full", "training.precision", "pure"),
    # Every position counts, padding too, which is on the left.
    Told("wmdp/rmu/utils.py:62", '"left"', "benchmark=wmdp carrier=full", "objective.rmu_positions", "all"),
    Told("wmdp/rmu/utils.py:84", "raw_text = line", "stage=prepare named=wmdp", "benchmark.keys.sources.forget.cyber.raw", True),
    Told("wmdp/rmu/utils.py:75", "wikitext-2-raw-v1", "stage=prepare named=wmdp", "benchmark.keys.sources.retain.config", "wikitext-2-raw-v1"),
    Told("wmdp/rmu/utils.py:75", 'split="test"', "stage=prepare named=wmdp", "benchmark.keys.sources.retain.split", "test"),
]  # fmt: skip


@cache
def every_job() -> list[Job]:
    before = Path.cwd()
    os.chdir(ROOT)
    try:
        return all_jobs(read_study(yaml.safe_load((ROOT / "config" / "paper.yaml").read_text())))
    finally:
        os.chdir(before)


@cache
def jobs() -> list[Job]:
    """Those that stand for commands of theirs: what reads some of the forget set, attacks and requests in turn, is ours."""
    return [job for job in every_job() if not getattr(getattr(job.spec, "stream", None), "picked", None)]


def facts(job: Job) -> dict[str, str]:
    """What a row may say of its jobs. named: the study's name of a carrier, or of a benchmark that is prepared."""
    spec = job.spec.model_dump(mode="json")
    carrier, benchmark = spec.get("carrier") or {}, spec.get("benchmark", "")
    named = benchmark["name"] if isinstance(benchmark, dict) else carrier.get("name", "")
    return {"stage": job.stage, "benchmark": str(benchmark), "model": (spec.get("model") or {}).get("name", ""),
            "carrier": carrier.get("kind", ""), "objective": (spec.get("objective") or {}).get("kind", ""),
            "role": spec.get("role", ""), "named": named}  # fmt: skip


@cache
def told() -> list[tuple[Job, dict[str, str]]]:
    return [(job, facts(job)) for job in jobs()]


def meant(where: str) -> Iterator[Job]:
    wanted = dict(pair.split("=") for pair in where.split())
    return (job for job, fact in told() if wanted.items() <= fact.items())


def examples(spec: dict[str, Any]) -> int:
    """Rows of an epoch: of the split that is trained on, or 1000 texts of each corpus where they are mixed."""
    stream = spec.get("stream") or {}
    if "texts" in stream:
        return (stream["texts"]["samples"] or 0) * len(stream["forget"])
    return TOFU_ROWS[Path(stream["forget"] if stream else spec["files"][0]).stem]


def value_of(job: Job, key: str) -> Any:
    spec = job.spec.model_dump(mode="json")
    if key in ("steps", "warmup"):
        training = Training(**(spec.get("training") or spec["model"]["target"]))
        steps = total_steps(training, examples(spec))
        first = learning_rate_factor(0, steps, training)  # 1 / warm-up steps
        return steps if key == "steps" else round(1 / first) if first < 1 else 0
    for part in key.split("."):
        spec = spec[part]
    return spec


@pytest.mark.parametrize("row", TOLD, ids=lambda row: f"{row.place} {row.where} {row.key}")
def test_a_job_has_the_authors_value(row: Told) -> None:
    found = [value_of(job, row.key) for job in meant(row.where)]
    assert found
    assert all(value == row.value for value in found), found


def test_every_gate_and_every_method_of_theirs_has_its_runs() -> None:
    """TOFU both gates, WMDP the deeper alone: which model has which on TOFU is contradictory (cmd_grun.sh:3-11)."""
    runs = {(fact["benchmark"], fact["model"], fact["objective"], fact["named"]) for _, fact in told()
            if fact["stage"] == "unlearn"}  # fmt: skip
    tofu = {("tofu", model, objective, carrier) for model in MODELS for objective in ("gd", "idk", "npo")
            for carrier in ("full", "lora", "grun_linear", "grun_mlp")}  # fmt: skip
    wmdp = {("wmdp", model, "rmu", carrier) for model in MODELS for carrier in ("full", "grun_mlp")}
    assert runs == tofu | wmdp


def test_what_lasts_is_planned_beside_the_authors_commands() -> None:
    """What cmd_eval.sh:15 and :17 ask, of every model; attacks and sequences, which are ours, of GD on Llama alone."""
    folders = {job.folder.removeprefix("results/paper/tofu/") for job in every_job()}
    asked = ("paraphrased", "int8", "fp4", "int8_merged", "fp4_merged")
    assert {f"scores/{model}/forget05/npo_lora_t42_u42/{name}" for model in MODELS for name in asked} <= folders
    ours = [place.split("/") for place in folders if place.startswith("attacks/")]
    assert {(place[1], place[-1]) for place in ours} == {("llama-3.1-8b", "relearn_lora"), ("llama-3.1-8b", "rest")}
    # Retain models and four carriers, three seeds, two attacks.
    assert len(ours) == 5 * 3 * 2
    added = {place for place in folders if ".added_" in place}
    assert len(added) == 2 * 3 * 5  # two gates, three seeds, after each of five requests


@pytest.mark.skipif(not CLONE, reason="GRUNFLOW_AUTHORS names no folder with clones `GRUN` and `wmdp`")
@pytest.mark.parametrize("row", TOLD, ids=lambda row: f"{row.place} {row.word}")
def test_the_place_says_so(row: Told) -> None:
    file, line = row.place.split(":")
    clone, commit = ("wmdp", "9b7e128") if file.startswith("wmdp/") else ("GRUN", COMMIT)
    shown = ["git", "-C", str(Path(CLONE) / clone), "show", f"{commit}:{file.removeprefix('wmdp/')}"]
    text = subprocess.run(shown, capture_output=True, text=True, check=True).stdout
    assert row.word in text.split("\n")[int(line) - 1]


@pytest.mark.skipif(not CLONE, reason="GRUNFLOW_AUTHORS names no folder with clones `GRUN` and `wmdp`")
@pytest.mark.parametrize("script", ["finetune", "baseline", "grun", "eval", "wmdp"])
def test_every_command_of_their_scripts_is_in_the_index(script: str) -> None:
    name = f"cmd_{script}.sh"
    shown = ["git", "-C", str(Path(CLONE) / "GRUN"), "show", f"{COMMIT}:{name}"]
    text = subprocess.run(shown, capture_output=True, text=True, check=True).stdout
    called = [place for place, line in enumerate(text.split("\n"), start=1)
              if any(word in line for word in ("python", "torchrun ", "sh grun"))]  # fmt: skip
    index = (ROOT / "docs" / "paper_index.md").read_text()
    assert called
    assert not [place for place in called if f"`{name}:{place}`" not in index]
