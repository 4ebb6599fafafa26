"""Train one objective on one carrier: loss = forget term + retain term (+ gate term), see objectives/."""

import time
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from grunflow.carriers import attach, save
from grunflow.carriers.base import Carrier
from grunflow.config.specs import Unlearn
from grunflow.data.pairing import pairing, partners
from grunflow.data.prompts import Example, encode
from grunflow.data.records import read_refusals, read_rows
from grunflow.data.splits import RETAIN_OF_FORGET
from grunflow.errors import BadInput
from grunflow.evaluation.answering import Asker
from grunflow.evaluation.snapshots import snapshot, snapshot_rows
from grunflow.manifest import identity, read_manifest
from grunflow.models import sharding
from grunflow.models.loading import load_model, load_tokenizer
from grunflow.objectives import OBJECTIVES
from grunflow.seeds import derived, generator
from grunflow.training.engine import batch_maker
from grunflow.training.loop import Share, Task, Watch, batches, micro_batches, total_steps, train
from grunflow.training.reference import control_of, reference_model
from grunflow.training.unlearning import Texts, needs_retain, shares_of

Step = list[tuple[int, int | None]]  # forget row, and the retain row beside it


def run(spec: Unlearn, inputs: dict[str, list[Path]], out: Path, batch_size: int) -> dict:
    """Write the trained carrier and `snapshots.parquet` into `out`."""
    data, target = inputs["data"][0], inputs["target"][0]
    tokenizer, model = load_tokenizer(target), load_model(target, spec.dtype)
    seed = spec.unlearn_seed
    rows = read_rows(data / "records" / f"{spec.forget_split}.json")
    forget = [encode(tokenizer, row["question"], row["answer"], spec.template) for row in rows]
    refusals = refusal_examples(spec, rows, data, tokenizer)
    retain = retain_examples(spec, data, tokenizer)
    reference = reference_model(spec.objective, spec.carrier, model, spec.engine)
    control = control_of(spec.objective, model, derived(seed, "control"))
    total = model.num_parameters()
    carrier = attach(spec.carrier, model, derived(seed, "carrier"))
    partner = pairing(spec.retain_sampling, len(retain), generator(seed, "partners"))
    objective = OBJECTIVES[spec.objective.name]

    frozen = frozen_folder(spec, inputs)
    kept = (retain[index] for index in partners(spec.retain_sampling, len(forget), len(retain)))
    read = [*forget, *refusals, *kept]
    compared = [*forget, *refusals] if objective.reference else []
    started = time.monotonic()
    made = batch_maker(spec, model, tokenizer.pad_token_id, frozen, read, compared, batch_size)
    once = spent_once(frozen, time.monotonic() - started, made.flops)

    def columns(step: Step) -> tuple[list[tuple[Example | None, ...]], list[Example]]:
        """What a step reads, each by length so that micro-batches are padded little: questions with answer and refusal,
        which belong together, and retain rows, whose mean is their own."""
        asked = [
            (forget[index] if objective.answers else None, refusals[index] if objective.refusals else None)
            for index, _ in step
        ]
        kept = [retain[beside] for _, beside in step if beside is not None]
        return sorted(asked, key=length), sorted(kept, key=lambda example: len(example.ids))

    def shares(step: Step, size: int) -> list[Share]:
        asked, kept = columns(step)
        parts = []
        for rows in micro_batches(asked, size):
            answers, refused = (list(column) if column[0] is not None else None for column in zip(*rows, strict=True))
            parts.append(Texts(made.make(answers) if answers else None, made.make(refused) if refused else None, None))
        for part, kept_rows in zip(parts, micro_batches(kept, size), strict=False):
            part.retain = made.make(kept_rows)
        return shares_of(carrier, reference, spec.objective, spec.carrier, parts, control)

    def tokens(step: Step) -> int:
        asked, kept = columns(step)
        return sum(length(row) for row in [*asked, *((example,) for example in kept)])

    paired = needs_retain(spec.objective, spec.carrier)
    order = (
        [(index, partner(index) if paired else None) for index in indices]
        for indices in batches(len(forget), spec.training.batch_size, generator(seed, "order"))
    )
    steps = total_steps(spec.training, len(forget))
    watch = Snapshots(spec, carrier, tokenizer, data, steps, batch_size)
    # LoRA's dropout draws from the global generator.
    torch.manual_seed(derived(seed, "dropout"))
    carrier.model.train()
    label = f"{spec.objective.name} {spec.carrier.name} seed {spec.unlearn_seed}"
    history = train(Task(carrier.trained_module, order, shares, tokens, label, watch), steps, spec.training)
    carrier.model.eval()
    save(carrier, spec.carrier, out)
    watch.frame().to_parquet(out / "snapshots.parquet", index=False)
    return {
        "model_parameters": total,
        "trained_parameters": sum(parameter.numel() for parameter in carrier.trained()),
        **history.measured(spec.training),
        **once,
        "losses": [round(loss, 5) for loss in history.losses],
    }


def frozen_folder(spec: Unlearn, inputs: dict[str, list[Path]]) -> Path | None:
    """The states that were cached for this run, None without any.

    Raises:
        BadInput: they are another target model's, or of other blocks, prompts or another type: their losses would be wrong.
    """
    if "frozen" not in inputs:
        return None
    folder = inputs["frozen"][0]
    manifest = read_manifest(folder)
    made = {key: manifest["spec"][key] for key in ("first", "dtype", "template")}
    made["target"] = next(iter(manifest["inputs"]["target"].values()))
    own = {"first": min(spec.carrier.layers or ()), "dtype": spec.dtype, "template": spec.template,
           "target": identity(read_manifest(inputs["target"][0]))}  # fmt: skip
    for key, value in own.items():
        if made[key] != value:
            raise BadInput(
                f"--input frozen={folder}: its {key} is {made[key]}, this run's {value}; make it again from the same "
                "target model and edits (snakemake does)."
            )
    return folder


def spent_once(frozen: Path | None, seconds: float, flops: float) -> dict[str, float]:
    """What was computed of the model before unlearning, for the manifest: by this run before its first step, and all of the
    cached states, though other runs share them."""
    shared = read_manifest(frozen)["measured"] if frozen else {"states_seconds": 0.0, "states_flops": 0}
    return {
        "once_seconds": round(seconds + shared["states_seconds"], 3),
        "once_flops": round(flops + shared["states_flops"]),
    }


def length(row: tuple[Example | None, ...]) -> int:
    """Tokens of the texts of a row."""
    return sum(len(example.ids) for example in row if example is not None)


class Snapshots(Watch):
    """Takes the snapshots: before training and after every (steps / count)-th step."""

    def __init__(self, spec: Unlearn, carrier: Carrier, tokenizer, data: Path, steps: int, batch_size: int) -> None:
        count = spec.snapshots.count
        self.due = {round(steps * part / count) for part in range(count + 1)} if count else set()
        self.rows = snapshot_rows(data, spec.forget_split, spec.snapshots.questions) if count else {}
        # The fast engine calls blocks by themselves, which a sharded model's do not bear.
        engine = spec.engine if sharding.count() == 1 else "plain"
        self.asker = Asker(carrier, tokenizer, engine, spec.max_new_tokens, batch_size)
        self.template = spec.template
        self.taken: list[pd.DataFrame] = []

    def __call__(self, done: int) -> None:
        if done not in self.due:
            return
        model = self.asker.carrier.model
        training = model.training
        model.eval()
        with torch.random.fork_rng():  # generation must not move LoRA's dropout
            scores = snapshot(self.asker, self.rows, self.template)
        model.train(training)
        self.taken.append(scores.assign(step=done))

    def state_dict(self) -> dict[str, Any]:
        return {"taken": [frame.to_dict("list") for frame in self.taken]}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.taken = [pd.DataFrame(columns) for columns in state["taken"]]

    def frame(self) -> pd.DataFrame:
        return pd.concat(self.taken, ignore_index=True) if self.taken else pd.DataFrame({"step": []})


def refusal_examples(spec: Unlearn, rows: list[dict], data: Path, tokenizer) -> list[Example]:
    """Each forget question with one refusal, drawn once; empty for objectives that read none."""
    if not OBJECTIVES[spec.objective.name].refusals:
        return []
    refusals = read_refusals(data / "refusals.json")
    drawn = torch.randint(len(refusals), (len(rows),), generator=generator(spec.unlearn_seed, "refusals")).tolist()
    return [encode(tokenizer, row["question"], refusals[i], spec.template) for row, i in zip(rows, drawn, strict=True)]


def retain_examples(spec: Unlearn, data: Path, tokenizer) -> list[Example]:
    """The matching retain split and, with `replayed`, rows of what the base model knew; none of those is evaluated."""
    rows = read_rows(data / "records" / f"{RETAIN_OF_FORGET[spec.forget_split]}.json")
    if spec.replayed:
        replay = read_rows(data / "replay.json")
        picked = torch.randperm(len(replay), generator=generator(spec.unlearn_seed, "replay"))[: spec.replayed]
        rows += [replay[i] for i in picked.tolist()] + read_rows(data / "unevaluated.json")
    return [encode(tokenizer, row["question"], row["answer"], spec.template) for row in rows]
