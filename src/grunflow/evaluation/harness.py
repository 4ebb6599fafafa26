"""lm-eval's harness around a carrier: every request's edit acts at the last token of its context."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from lm_eval import simple_evaluate
from lm_eval.api.model import LM
from lm_eval.models.huggingface import HFLM

from grunflow.carriers.base import Carrier
from grunflow.data.batching import collate, length_groups
from grunflow.data.prompts import Example
from grunflow.errors import BadInput
from grunflow.evaluation.tasks import check_tasks, local_task, task_manager

Request = tuple[tuple[str, str], list[int], list[int]]


class CarrierLM(HFLM):
    """HFLM with the carrier acting in log-likelihood requests; requests of other kinds are refused.

    Tokenisation, truncation from the left and the order of results are HFLM's, so that without an edit every figure
    is its. Requests that share all input tokens (options that differ in their last token) share one forward pass.

    Args:
        fraction: edit at this part of the context's tokens instead of the last one.
    """

    def __init__(self, carrier: Carrier, tokenizer: Any, batch_size: int, fraction: float = 1.0) -> None:
        super().__init__(pretrained=carrier.base, tokenizer=tokenizer, batch_size=batch_size)
        self.carrier, self.fraction, self.pad_id = carrier, fraction, tokenizer.pad_token_id

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
        for group in length_groups([len(fed) for fed, _ in passes], self.batch_size_per_gpu):
            examples = [
                Example(list(fed), self._edited(len(fed) - length + 1)) for fed, length in (passes[i] for i in group)
            ]
            batch = collate(examples, self.pad_id).to(self.carrier.model.device)
            logits = self.carrier.forward(batch).logits
            for row, key in enumerate(passes[i] for i in group):
                fed, length = key
                scores = torch.log_softmax(logits[row, len(fed) - length : len(fed)].float(), dim=-1)
                greedy = scores.argmax(dim=-1)
                for number in shared[key]:
                    wanted = torch.tensor(requests[number][2], device=scores.device)
                    total = float(scores.gather(1, wanted[:, None]).sum())
                    results[number] = (total, bool((greedy == wanted).all()))
        for number, (strings, _, _) in enumerate(requests):
            self.cache_hook.add_partial("loglikelihood", strings, results[number])
        return results

    def _edited(self, context_length: int) -> int:
        """Tokens up to and with the edited one."""
        return max(1, int(self.fraction * context_length))

    def loglikelihood_rolling(self, requests: Any, disable_tqdm: bool = False) -> list[float]:
        raise _refused("loglikelihood_rolling")

    def generate_until(self, requests: Any, disable_tqdm: bool = False) -> list[str]:
        raise _refused("generate_until")


def _refused(kind: str) -> BadInput:
    return BadInput(f"wmdp.tasks: a task asks for {kind}, which a carrier has no form of; name multiple-choice tasks.")


def correct_answers(lm: LM, tasks: Sequence[str], data: Path, limit: int | None = None) -> dict[str, list[bool]]:
    """Task or group -> whether each question was answered rightly (lm-eval's `acc`); tasks of `data` go first.

    Raises:
        BadInput: a name that is neither a local task nor lm-eval's.
    """
    local = {name: task for name in tasks if (task := local_task(name, data))}
    others = [name for name in tasks if name not in local]
    check_tasks(others)
    manager = task_manager(bool(others))
    found = simple_evaluate(lm, tasks=[*local.values(), *others], limit=limit, bootstrap_iters=0, task_manager=manager)
    assert found is not None
    members, samples = found["group_subtasks"], found["samples"]

    def answers(name: str) -> list[bool]:
        if name in samples:
            return [sample["acc"] == 1 for sample in samples[name]]
        return [answer for member in members[name] for answer in answers(member)]

    return {name: answers(name) for name in tasks}
