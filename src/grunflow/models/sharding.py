"""Several processes that train one model: FSDP2 shards parameters, gradients and optimiser state over them.

Without several processes every function here is the plain thing. Source: torch.distributed.fsdp.fully_shard (FSDP2).
"""

import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor

from grunflow.errors import BadInput
from grunflow.models.blocks import blocks

log = logging.getLogger(__name__)
# For the slowest of what one process does while the others wait: checksums of a checkpoint of a terabyte. Torch's own is ten minutes.
PATIENCE = timedelta(hours=1)
Part = TypeVar("Part")


def count() -> int:
    """How many processes share the job."""
    return dist.get_world_size() if dist.is_initialized() else 1


def rank() -> int:
    return dist.get_rank() if dist.is_initialized() else 0


def device() -> torch.device:
    return torch.device("cuda", torch.cuda.current_device()) if torch.cuda.is_available() else torch.device("cpu")


def join(expected: int) -> None:
    """Join the other processes of this job, as torchrun numbers them.

    Raises:
        BadInput: fewer or more processes were started than --processes says: their runs would not be synchronised.
    """
    if torch.cuda.is_available():
        local = int(os.environ["LOCAL_RANK"])
        if local >= torch.cuda.device_count():
            raise BadInput(f"--processes: process {local} has no GPU: {torch.cuda.device_count()} here; ask for more.")
        torch.cuda.set_device(local)
    dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo", timeout=PATIENCE)
    if count() != expected:
        raise BadInput(f"--processes: got {expected}, but {count()} were started; let the command start them itself.")


def leave() -> None:
    """Once all are done: who ends first is missed by the others, and the first still writes when they have nothing left to do."""
    if dist.is_initialized():
        wait()
        dist.destroy_process_group()


def shard(model: Any, compute: str | None = None) -> None:
    """Shard every block, and what is left of the model, over the processes; a single one keeps it whole. compute: type of the
    passes, where it is not the weights' own; gradients are then summed in float32."""
    if count() == 1:
        return
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard
    from torch.distributed.tensor import DTensor

    mesh = init_device_mesh(device().type, (count(),))
    policy = MixedPrecisionPolicy(getattr(torch, compute), torch.float32) if compute else MixedPrecisionPolicy()
    for block in blocks(model):
        fully_shard(block, mesh=mesh, mp_policy=policy)
    fully_shard(model, mesh=mesh, mp_policy=policy)
    whole = [name for name, parameter in model.named_parameters() if not isinstance(parameter, DTensor)]
    if whole:
        raise RuntimeError(f"not sharded: {', '.join(whole)}")
    here = sum(parameter.to_local().numel() for parameter in model.parameters())
    log.info("sharded over %d processes: %d of %d parameters here", count(), here, model.num_parameters())


@contextmanager
def gathered(model: Any) -> Iterator[None]:
    """The whole weights on each process, gathered by the first pass inside and let go at the end: for many passes without a
    gradient, of which each token of an answer is one. As torch's docs of set_reshard_after_forward advise for evaluations."""
    if count() == 1:
        yield
        return
    from torch.distributed.fsdp import FSDPModule

    model.set_reshard_after_forward(False)
    try:
        yield
    finally:
        for block in blocks(model):
            assert isinstance(block, FSDPModule), "it was sharded"
            block.set_reshard_after_forward(True)
        model.reset_iter_state()  # shards again, and forgets passes that no backward pass will follow


def own(parts: Sequence[Part]) -> list[tuple[float, Part]]:
    """(weight, part) of those that are this process's, as many on each: where parts lack, the first again, weight 0.

    A process with fewer passes than the others would leave them waiting: each pass gathers parameters.
    """
    mine = [(1.0, part) for part in parts[rank() :: count()]]
    rounds = -(-len(parts) // count())
    return mine + [(0.0, parts[0])] * (rounds - len(mine))


def summed(value: float) -> float:
    """The sum over the processes."""
    return _reduced(value, dist.ReduceOp.SUM) if count() > 1 else value


def largest(value: int) -> int:
    """The largest of the processes' values, so that all of them do the same."""
    return int(_reduced(float(value), dist.ReduceOp.MAX)) if count() > 1 else value


def _reduced(value: float, how: Any) -> float:
    tensor = torch.tensor(value, dtype=torch.float64, device=device())
    dist.all_reduce(tensor, how)
    return tensor.item()


def wait() -> None:
    """Until every process is here."""
    if count() > 1:
        dist.barrier()


def plain(tensor: Tensor) -> Tensor:
    """The whole of a tensor that may be sharded."""
    return tensor.full_tensor() if hasattr(tensor, "full_tensor") else tensor


def save_model(model: Any, folder: Path, state: dict[str, Tensor] | None = None, dtype: str | None = None) -> None:
    """`save_pretrained`, by the first process, of the whole weights; state: these in place of the model's own; dtype: the type
    that they are rounded to."""
    if count() == 1:
        (model if dtype is None else model.to(getattr(torch, dtype))).save_pretrained(folder, state_dict=state)
        return
    from torch.distributed.checkpoint.state_dict import StateDictOptions, get_model_state_dict

    whole = get_model_state_dict(model, options=StateDictOptions(full_state_dict=True, cpu_offload=True))
    if rank() == 0:
        # A tied head is stored once, as from a single process: named_parameters names it once.
        once = {name for name, _ in (*model.named_parameters(), *model.named_buffers())}
        kind = None if dtype is None else getattr(torch, dtype)
        model.save_pretrained(
            folder, state_dict={name: tensor.to(kind) for name, tensor in whole.items() if name in once}
        )
    wait()
