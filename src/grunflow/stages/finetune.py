"""Train a model on question-answer pairs: base (from scratch), target (everything), retain (all but forget)."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch

from grunflow.carriers.stack import Stack
from grunflow.config.forms import training_of
from grunflow.config.specs import Finetune
from grunflow.costs.flops import training as training_pass
from grunflow.costs.shapes import Shapes
from grunflow.data.batching import collate
from grunflow.data.prompts import Example, encode, encode_text
from grunflow.data.records import read_rows
from grunflow.models import sharding
from grunflow.models.loading import load_tokenizer, start_model, start_tokenizer
from grunflow.models.tiny import build
from grunflow.training.loop import Share, Task, batches, micro_batches, train
from grunflow.training.precision import keeps_masters, widen
from grunflow.training.schedule import total_steps
from grunflow.training.scored import Rows, scored
from grunflow.training.text_pack import padded_by_model, text_pack
from grunflow.work import Work


def rows_of(spec: Finetune, data: Path) -> list[dict]:
    """The rows that the role is trained on; target and retain replay some of what a base from scratch knows."""
    rows = [row for file in spec.files for row in read_rows(data / file, ())]
    if not spec.replay:
        return rows
    replay = read_rows(data / spec.replay)
    picked = torch.randperm(len(replay), generator=torch.Generator().manual_seed(spec.seed))[: spec.model.replayed]
    return [*rows, *(replay[i] for i in picked.tolist())]


def run(spec: Finetune, work: Work) -> dict[str, Any]:
    """Write the model (with its tokenizer beside it); loss on all tokens for base, else on answers."""
    tokenizer, model = starting_point(spec, work)
    examples = [example_of(tokenizer, row, spec) for row in rows_of(spec, work.inputs["data"][0])]
    training = training_of(spec.model, spec.role)
    assert training is not None, "a study with a model without training is refused"
    masters = keeps_masters(training, spec.model.dtype, own_weights=True)
    if masters:
        widen(model)
    order = batches(len(examples), training.batch_size, torch.Generator().manual_seed(spec.seed))
    longest = max(len(example.ids) for example in examples)
    packs = spec.engine == "fast" and padded_by_model(model, longest, sharding.count()) is None
    goal = Fitting(
        Stack(model.train()), examples, tokenizer.pad_token_id, spec.role == "base", training.mean_rows, packs
    )
    task = Task(model, order, goal.shares, goal.tokens, spec.role, compute=spec.model.dtype if masters else None)
    history = train(task, total_steps(training, len(examples)), training, work.accumulation)
    sharding.save_model(model.eval(), work.out, dtype=spec.model.dtype)
    tokenizer.save_pretrained(work.out)
    return {
        "model_parameters": model.num_parameters(), "trained_parameters": model.num_parameters(), **history.measured(training),
        "losses": [round(loss, 5) for loss in history.losses[:: max(1, len(history.losses) // 100)]],
    }  # fmt: skip


@dataclass(frozen=True)
class Fitting:
    """Mean NLL of the labels of a step. whole: every token is one, not the answer's alone. mean_rows: see Training. packs: texts
    are packed without padding."""

    stack: Stack
    examples: list[Example]
    pad_id: int
    whole: bool
    mean_rows: int | None = None
    packs: bool = False

    def tokens(self, indices: list[int]) -> int:
        return sum(len(self.examples[index].ids) for index in indices)

    def shares(self, indices: list[int], size: int) -> list[Share]:
        """The step's rows by length: its micro-batches are padded little, its loss is the same."""
        divisors = self._divisors(indices)
        rows = sorted(indices, key=lambda index: len(self.examples[index].ids))
        passes = training_pass(Shapes.of_model(self.stack.model.config), None)
        found = []
        for part in micro_batches(rows, size):
            batch = self._batch([self.examples[i] for i in part])
            found.append(Share(partial(self._loss, batch, [divisors[i] for i in part]), passes.flops(batch.extent)))
        return found

    def _batch(self, examples: list[Example]) -> Rows:
        device = self.stack.model.device
        if self.packs:
            return text_pack(examples, device, loss_on_prompt=self.whole)
        return collate(examples, self.pad_id, loss_on_prompt=self.whole).to(device)

    def _divisors(self, indices: list[int]) -> dict[int, int]:
        """Row -> what its summed NLL is divided by, so that the sum over the rows is the step's mean."""
        groups = micro_batches(indices, self.mean_rows or len(indices))
        return {index: len(groups) * sum(map(self._labels, group)) for group in groups for index in group}

    def _labels(self, index: int) -> int:
        example = self.examples[index]
        return len(example.ids) - 1 if self.whole else example.n_labels

    def _loss(self, batch: Rows, divisors: list[int]) -> torch.Tensor:
        nll = scored(self.stack, [batch], len(divisors), [divisors[0]])[0][0].nll_sum
        if self.mean_rows is None:
            return nll.sum() / divisors[0]
        return (nll / torch.tensor(divisors, device=nll.device)).sum()


def example_of(tokenizer, row: dict, spec: Finetune) -> Example:
    """A question with its answer, or a plain text, of which all but the first token is learned."""
    if "text" in row:
        return encode_text(tokenizer, row["text"], spec.model.architecture.positions, 0.0)
    return encode(tokenizer, row["question"], row["answer"], spec.template)


def starting_point(spec: Finetune, work: Work) -> tuple[Any, Any]:
    """Tokenizer and model to train: new for a base from scratch, the finished base, or the hub's."""
    if spec.role == "base":
        tokenizer = load_tokenizer(work.inputs["data"][0] / "tokenizer")
        return tokenizer, build(spec.model.architecture, tokenizer, spec.seed)
    start = work.inputs.get("start", [])
    return start_tokenizer(spec.model, start), start_model(spec.model, start)
