"""A small network in training, and a job for it: what tests of checkpoints and of memory start from."""

import math
import os
import signal
from functools import partial

import torch

from grunflow.config.parts import Training
from grunflow.job import RunningJob
from grunflow.training.loop import History, Share, Task, Watch, batches, micro_batches

STEPS, ROWS = 24, 12
TRAINING = Training(learning_rate=0.05, steps=STEPS, batch_size=8, schedule="cosine", weight_decay=0.1)
X = torch.randn(ROWS, 6, generator=torch.Generator().manual_seed(0))
Y = X.sum(dim=1, keepdim=True).sin()


class Seen(Watch):
    """Records the steps it was called at; sends this process `number` after step `at`."""

    def __init__(self, at: int = -1, number: int = signal.SIGTERM) -> None:
        self.steps: list[int] = []
        self.at, self.number = at, number

    def __call__(self, done: int) -> None:
        self.steps.append(done)
        if done == self.at:
            os.kill(os.getpid(), self.number)

    def state_dict(self) -> dict:
        return {"steps": self.steps}

    def load_state_dict(self, state: dict) -> None:
        self.steps = state["steps"]


def task_of(watch: Watch, dropout: float = 0.3, largest: float = math.inf) -> Task:
    """A small network with dropout and a frozen part; more than `largest` rows at once are out of memory."""
    torch.manual_seed(3)
    model = torch.nn.Sequential(
        torch.nn.Linear(6, 5), torch.nn.Tanh(), torch.nn.Dropout(dropout), torch.nn.Linear(5, 1)
    )
    model[0].bias.requires_grad_(False)

    def full(module: torch.nn.Module, inputs: tuple) -> None:
        if len(inputs[0]) > largest:
            raise torch.OutOfMemoryError(f"{len(inputs[0])} rows")

    model.register_forward_pre_hook(full)

    def shares(rows: list[int], size: int):
        def loss(part: list[int]) -> torch.Tensor:
            return ((model(X[part]) - Y[part]) ** 2).sum() / len(rows)

        return [Share(partial(loss, part), 6.0 * len(part)) for part in micro_batches(rows, size)]

    order = batches(ROWS, TRAINING.batch_size, torch.Generator().manual_seed(5))
    return Task(model, order, shares, len, "small", watch)


def job(seconds: float = 600.0) -> RunningJob:
    identity = {"stage": "small", "out": "out", "spec": {}, "code": "0", "inputs": {}}
    return RunningJob(identity, seconds)


def result(task: Task, history: History) -> tuple:
    weights = [parameter.tolist() for parameter in task.module.parameters()]
    return weights, history.losses, history.gradient_norms, history.tokens, task.watch.steps
