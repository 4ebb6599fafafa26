"""lm-eval's harness around a model and its carriers: every request's edit acts at the last token of its context."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lm_eval import simple_evaluate
from lm_eval.api.model import LM
from lm_eval.models.huggingface import HFLM
from torch import Tensor

from grunflow.carriers.stack import Stack
from grunflow.config.sets import DataSet
from grunflow.data.batching import Batch, collate, length_groups
from grunflow.data.prompts import Example
from grunflow.errors import BadInput
from grunflow.evaluation.streamed import logits_of
from grunflow.evaluation.task_index import task_manager
from grunflow.evaluation.tasks import check_tasks, local_task

Request = tuple[tuple[str, str], list[int], list[int]]


class StackLM(HFLM):
    """HFLM with the carriers acting in log-likelihood requests; requests of other kinds are refused.

    Tokenisation, truncation from the left and the order of results are HFLM's, so that without an edit every figure
    is its. Requests that share all input tokens (options that differ in their last token) share one forward pass.

    Args:
        fraction: edit at this part of the context's tokens instead of the last one.
    """

    def __init__(self, stack: Stack, tokenizer: Any, batch_size: int, fraction: float = 1.0) -> None:
        super().__init__(pretrained=stack.model, tokenizer=tokenizer, batch_size=batch_size)
        self.stack, self.fraction, self.pad_id = stack, fraction, tokenizer.pad_token_id

    @torch.no_grad()
    def _loglikelihood_tokens(
        self, requests: Sequence[Request], disable_tqdm: bool = False, override_bs: int | None = None
    ) -> list[tuple[float, bool]]:
        """(summed log-probability of the continuation, whether it is the greedy one), in the order of requests."""
        shared: dict[tuple[tuple[int, ...], int], list[int]] = {}
        for number, (_, context, continuation) in enumerate(requests):
            fed = tuple((context + continuation)[-(self.max_length + 1) :][:-1])
            shared.setdefault((fed, len(continuation)), []).append(number)
        passes = list(shared)
        results: list[tuple[float, bool]] = [(0.0, False)] * len(requests)
        groups = length_groups([len(fed) for fed, _ in passes], self.batch_size_per_gpu)
        every = [[passes[i] for i in group] for group in groups]
        for asked, (found, _) in zip(every, logits_of(self.stack, map(self._batch_of, every)), strict=True):
            for key, logits in zip(asked, found.split([length for _, length in asked]), strict=True):
                scores = torch.log_softmax(logits.float(), dim=-1)
                greedy = scores.argmax(dim=-1)
                for number in shared[key]:
                    wanted = torch.tensor(requests[number][2], device=scores.device)
                    total = float(scores.gather(1, wanted[:, None]).sum())
                    results[number] = (total, bool((greedy == wanted).all()))
        for number, (strings, _, _) in enumerate(requests):
            self.cache_hook.add_partial("loglikelihood", strings, results[number])
        return results

    def _batch_of(self, passes: Sequence[tuple[tuple[int, ...], int]]) -> tuple[Batch, Tensor]:
        """The batch, and where its continuations' tokens are predicted.

        Args:
            passes: tokens fed, and how many of the last ones predict the continuation.
        """
        examples = [Example(list(fed), self._edited(len(fed) - length + 1)) for fed, length in passes]
        batch = collate(examples, self.pad_id).to(self.stack.model.device)
        wanted = torch.zeros_like(batch.input_ids, dtype=torch.bool)
        for row, (fed, length) in enumerate(passes):
            wanted[row, len(fed) - length : len(fed)] = True
        return batch, wanted

    def _edited(self, context_length: int) -> int:
        """Tokens up to and with the edited one."""
        return max(1, int(self.fraction * context_length))

    def loglikelihood_rolling(self, requests: Any, disable_tqdm: bool = False) -> list[float]:
        raise _refused("loglikelihood_rolling")

    def generate_until(self, requests: Any, disable_tqdm: bool = False) -> list[str]:
        raise _refused("generate_until")


def _refused(kind: str) -> BadInput:
    return BadInput(f"tasks: a task asks for {kind}, which carriers have no form of; name multiple-choice tasks.")


def scored_answers(lm: LM, tasks: Sequence[DataSet], data: Path, limit: int | None = None) -> dict[str, list[float]]:
    """Task or group -> lm-eval's `acc` of each question, from 0 to 1. A set with a file is a task of its own.

    Raises:
        BadInput: a name that lm-eval does not know, a task without `acc`, or one with several filters, whose questions would
            count more than once.
    """
    others = [task.name for task in tasks if not task.file]
    check_tasks(others)
    manager = task_manager(tuple(others))
    asked = [local_task(task, data) if task.file else task.name for task in tasks]
    found = simple_evaluate(lm, tasks=asked, limit=limit, bootstrap_iters=0, task_manager=manager)
    assert found is not None
    members, samples = found["group_subtasks"], found["samples"]

    def answers(name: str) -> list[float]:
        if name in samples:
            return accuracies(name, samples[name])
        return [answer for member in members[name] for answer in answers(member)]

    return {task.name: answers(task.name) for task in tasks}


def accuracies(name: str, samples: Sequence[dict[str, Any]]) -> list[float]:
    """`acc` of each question of a task."""
    filters = {sample.get("filter") for sample in samples}
    if len(filters) > 1:
        raise BadInput(
            f"tasks: {name} has the filters {', '.join(sorted(map(str, filters)))}: its questions would count several times."
        )
    if any("acc" not in sample for sample in samples):
        raise BadInput(f"tasks: {name} has no `acc`; name a task of multiple choice.")
    found = [sample["acc"] for sample in samples]
    wrong = [
        value for value in found if not (isinstance(value, int | float | np.number | np.bool_) and 0 <= value <= 1)
    ]
    if wrong:
        raise BadInput(
            f"tasks: {name}: `acc` of a question is {wrong[0]!r}, expected a number from 0 to 1; name a task of multiple choice."
        )
    return [float(value) for value in found]
