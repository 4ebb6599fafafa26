"""Edits in a model's upper blocks, with the whole model loaded and with those blocks alone: `python -m benchmarks.loaded_in_part [MODEL]`.

A small world's questions are cached and GRUN trained a few steps, each by its own command in a process of its own, once as it is and once
with the whole model: peak of resident memory, CPU seconds, bytes of parameters, and whether the results are the same bytes. MODEL: a
folder of a Llama; without one random weights in the shape of SmolLM2-135M.
"""

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch
import yaml
from transformers import LlamaConfig, LlamaForCausalLM

from benchmarks.spent import Spent, spent
from grunflow.call import spec_argument
from grunflow.config.job import Job
from grunflow.config.jobs import all_jobs
from grunflow.config.models import Model
from grunflow.config.reading import read_study
from grunflow.data.tokenizer import train_tokenizer
from grunflow.models.partly import load_from, resident_bytes

EDITED = (18, 23, 28)
STEPS = 4
STAGES = ("prepare", "cache_frozen_states", "unlearn")
WHOLE = "import grunflow.training.method as a, grunflow.stages.cache_frozen_states as b; a.load_from = b.load_from = lambda *given: None; "
MAIN = "from grunflow.cli import main; main()"


def made_up(folder: Path) -> Path:
    """SmolLM2-135M's shape, random weights in bf16 as the hub has them, to be loaded as float32; a tokenizer of a few entries."""
    torch.manual_seed(0)
    tokenizer: Any = train_tokenizer(["What is it?", "It is a book by an author."], 300)
    shape = LlamaConfig(
        vocab_size=49152, hidden_size=576, intermediate_size=1536, num_hidden_layers=30, num_attention_heads=9, num_key_value_heads=3,
        tie_word_embeddings=True, bos_token_id=None, eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id,
    )  # fmt: skip
    LlamaForCausalLM(shape).to(torch.bfloat16).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def study_of(name: str, model: Path) -> dict[str, Any]:
    config = LlamaConfig.from_pretrained(model)
    shape = {
        "hidden_size": config.hidden_size, "layers": config.num_hidden_layers, "heads": config.num_attention_heads,
        "kv_heads": config.num_key_value_heads, "intermediate_size": config.intermediate_size, "vocabulary": config.vocab_size,
        "tied": config.tie_word_embeddings,
    }  # fmt: skip
    finished = {"repo": str(model)}
    row = {**finished, "architecture": shape, "target": finished, "retain": {"forget10": finished}}
    Path("models.yaml").write_text(yaml.safe_dump({"large": row}))
    return {
        "study": name, "title": "Loaded in part", "models_sheet": "models.yaml", "gpu": "none",
        "benchmarks": {"tofu": {"world": {"seed": 0, "authors": 10, "background_authors": 2, "holdout_authors": 1, "facts": 8}, "forget_split": "forget10"}},
        "seeds": [{"target_seed": 0, "unlearn_seed": 0}],
        "grid": [{"benchmark": "tofu", "model": "large", "objectives": ["gd"], "carriers": ["grun"]}],
        "objectives": {"gd": {}},
        "carriers": {"grun": {"rank": 4, "layers": list(EDITED), "gate": "linear", "gate_weight": 10}},
        "training": {"grun": {"learning_rate": 1e-2, "steps": STEPS, "batch_size": 16}},
        "snapshots": {"count": 0},
    }  # fmt: skip


def command(job: Job, before: str) -> list[str]:
    """The job's command, `before` said first in its process."""
    inputs = [f"--input={name}={folder}" for name, folders in job.inputs.items() for folder in folders]
    return [sys.executable, "-c", before + MAIN, job.stage, "--spec", spec_argument(job), "--code", job.code, *inputs, "--out",
            job.folder]  # fmt: skip


def results(job: Job) -> dict[str, bytes]:
    files = [path for path in sorted(Path(job.folder).rglob("*.safetensors"))]
    return {path.name: path.read_bytes() for path in files}


def main() -> None:
    given = Path(sys.argv[1]).absolute() if len(sys.argv) > 1 else None
    with tempfile.TemporaryDirectory() as place:
        os.chdir(place)
        model = given or made_up(Path(place) / "model")
        found: dict[str, dict[str, Spent]] = {}
        made: dict[str, dict[str, dict[str, bytes]]] = {}
        row: Model | None = None
        for name, before in (("whole", WHOLE), ("part", "")):
            study = read_study(study_of(name, model))
            row = study.models["large"]
            jobs = [job for job in all_jobs(study) if job.stage in STAGES]
            found[name] = {job.stage: spent(command(job, before), job.stage) for job in jobs}
            made[name] = {job.stage: results(job) for job in jobs}
        assert row is not None
        bytes_of = {}
        for stage, first in (("cache_frozen_states", None), ("unlearn", EDITED[0] + 1)):
            partly = load_from(row, [], first)
            assert partly is not None
            with partly.lent(0):
                bytes_of[stage] = resident_bytes(partly.model) if first is None else 0
            bytes_of[stage] = bytes_of[stage] or resident_bytes(partly.model)
        every = sum(part.numel() * part.element_size() for part in partly.model.parameters())
        for stage, held in bytes_of.items():
            (_, whole_cpu, whole), (_, part_cpu, part) = found["whole"][stage], found["part"][stage]
            same = "the same bytes" if made["whole"][stage] == made["part"][stage] else "OTHER BYTES"
            print(
                f"{stage:20} parameters {held / every:.3f} of {every / 2**20:.0f} MiB; peak {part / 2**20:.0f} in place of {whole / 2**20:.0f} MiB, "
                f"lower by {(whole - part) / (every - held):.2f} of what is not loaded; CPU {part_cpu:.0f} in place of {whole_cpu:.0f} s; {same}"
            )
        os.chdir("/")


if __name__ == "__main__":
    main()
