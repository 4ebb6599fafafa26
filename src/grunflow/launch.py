"""One command line on several processes of this machine: torchrun's launcher, signals passed on, one exit status."""

import logging
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from grunflow.errors import BadInput

if TYPE_CHECKING:
    from grunflow.config.specs import Stage

FORWARDED = (signal.SIGTERM, signal.SIGURG, signal.SIGINT, signal.SIGHUP)


def check(spec: "Stage", processes: int) -> None:
    """Refuse what is not trained in shards.

    Raises:
        BadInput: a carrier that may not be sharded, or an objective whose passes end early.
    """
    if processes < 1:
        raise BadInput(f"--processes: got {processes}, expected 1 or more.")
    if processes == 1:
        return
    from grunflow.config.terms import alone_because

    reason = alone_because(spec)
    if reason:
        raise BadInput(f"--processes: got {processes}, but {reason}; give 1.")


def started_by_torchrun() -> bool:
    return "TORCHELASTIC_RUN_ID" in os.environ


def is_lead() -> bool:
    """Whether this process writes: the only one, the first of several, or the one that starts them."""
    return not started_by_torchrun() or os.environ["RANK"] == "0"


def join(processes: int) -> None:
    """This process becomes one of the job's; when the one that started it is killed it gets SIGTERM: a checkpoint."""
    import torch.multiprocessing

    from grunflow.models.sharding import join as join_group

    torch.multiprocessing._prctl_pr_set_pdeathsig(signal.SIGTERM)  # type: ignore[attr-defined]
    join_group(processes)


def leave() -> None:
    from grunflow.models.sharding import leave as leave_group

    leave_group()


def launch(processes: int) -> int:
    """Run this command line on `processes` processes; the exit status of the first that fails, else 0.

    torchrun's own handler would end the processes after 30 seconds and lose their status, so that here the signals that ask
    for a checkpoint are passed on to them, and it waits however long that takes.
    """
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    config = LaunchConfig(
        min_nodes=1, max_nodes=1, nproc_per_node=processes, run_id=f"grunflow-{os.getpid()}", rdzv_backend="c10d",
        rdzv_endpoint="localhost:0", max_restarts=0, signals_to_handle="SIGQUIT",
    )  # fmt: skip
    logging.getLogger("torch.distributed.elastic").setLevel(logging.CRITICAL)  # each process says itself what failed
    for number in FORWARDED:
        signal.signal(number, _forward)
    try:
        elastic_launch(config, sys.executable)("-m", "grunflow.cli", *sys.argv[1:])
    except ChildFailedError as error:
        rank, failure = error.get_first_failure()
        if failure.exitcode > 0:
            return failure.exitcode
        print(f"process {rank} of {processes} was ended by signal {-failure.exitcode}", file=sys.stderr)
        return 1
    return 0


def _forward(number: int, frame: object) -> None:
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    for child in children:
        os.kill(int(child), number)
