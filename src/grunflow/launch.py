"""One command line on several processes, of one machine or of a SLURM job's nodes: torchrun's launcher, signals passed on, one exit
status."""

import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from grunflow.errors import BadInput

if TYPE_CHECKING:
    from grunflow.config.stage import Stage

FORWARDED = (signal.SIGTERM, signal.SIGURG, signal.SIGINT, signal.SIGHUP)
# Where the processes of several nodes meet, host:port; set where srun started this one.
RENDEZVOUS = "GRUNFLOW_RENDEZVOUS"
LEFT_WAITING = 300  # seconds


def check(spec: "Stage", processes: int, nodes: int = 1) -> None:
    """Refuse what is not trained in shards, and nodes that are not there.

    Raises:
        BadInput: a carrier that may not be sharded, an objective whose passes end early, or several nodes without a SLURM job.
    """
    if processes < 1:
        raise BadInput(f"--processes: got {processes}, expected 1 or more.")
    if nodes < 1 or processes % nodes:
        raise BadInput(f"--nodes: got {nodes}, expected 1 or more that divides --processes ({processes}).")
    if nodes > 1 and not started_by_another() and not ("SLURM_JOB_ID" in os.environ and shutil.which("srun")):
        raise BadInput(
            f"--nodes: got {nodes}, but this is no SLURM job (SLURM_JOB_ID is not set), or has no srun; run it by the profile "
            "workflow/profiles/slurm, or set the study's gpus_per_node to the GPUs here."
        )
    if processes == 1:
        return
    from grunflow.config.terms import alone_because

    reason = alone_because(spec)
    if reason:
        raise BadInput(f"--processes: got {processes}, but {reason}; give 1.")


def started_by_torchrun() -> bool:
    return "TORCHELASTIC_RUN_ID" in os.environ


def started_by_another() -> bool:
    """Whether another process of this command started it, by torchrun or srun."""
    return started_by_torchrun() or RENDEZVOUS in os.environ


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


def launch(processes: int, nodes: int) -> int:
    """Run this command line on `processes` processes; the exit status of the first that fails, else 0. Over several nodes the command
    runs itself once more on each, which starts its share."""
    over_nodes = nodes > 1 and RENDEZVOUS not in os.environ
    for number in FORWARDED:
        signal.signal(number, _signal_steps if over_nodes else _forward)
    return _on_each(nodes) if over_nodes else _start(processes, nodes)


def _on_each(nodes: int) -> int:
    """This command line on every node of the SLURM job, by srun; the largest exit status. Who is left waiting for processes that have
    ended is ended, too, after a while."""
    with socket.socket() as probe:
        probe.bind(("", 0))
        port = probe.getsockname()[1]
    place = {RENDEZVOUS: f"{socket.gethostname()}:{port}"}
    starter = [
        "srun",
        f"--nodes={nodes}",
        f"--ntasks={nodes}",
        "--ntasks-per-node=1",
        "--overlap",
        f"--wait={LEFT_WAITING}",
    ]
    command = [*starter, sys.executable, "-m", "grunflow.cli", *sys.argv[1:]]
    return subprocess.run(command, env={**os.environ, **place}, check=False).returncode


def _start(processes: int, nodes: int) -> int:
    """This node's share of the processes.

    torchrun's own handler would end the processes after 30 seconds and lose their status, so that here the signals that ask
    for a checkpoint are passed on to them, and it waits however long that takes.
    """
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    place = os.environ.get(RENDEZVOUS, "localhost:0")
    config = LaunchConfig(
        min_nodes=nodes, max_nodes=nodes, nproc_per_node=processes // nodes,
        run_id=f"grunflow-{place if nodes > 1 else os.getpid()}", rdzv_backend="c10d", rdzv_endpoint=place, max_restarts=0,
        signals_to_handle="SIGQUIT",
    )  # fmt: skip
    logging.getLogger("torch.distributed.elastic").setLevel(logging.CRITICAL)  # each process says itself what failed
    try:
        elastic_launch(config, sys.executable)("-m", "grunflow.cli", *sys.argv[1:])
    except ChildFailedError as error:
        rank, failure = error.get_first_failure()
        if failure.exitcode > 0:
            return failure.exitcode
        print(f"process {rank} of {processes} was ended by signal {-failure.exitcode}", file=sys.stderr)
        return 1
    return 0


def _signal_steps(number: int, frame: object) -> None:
    """To the processes that srun started, by SLURM: srun itself passes no SIGURG on, and kills them where it gets SIGTERM. Once: this
    process may be one of the job's steps itself."""
    signal.signal(number, signal.SIG_IGN)
    name = signal.Signals(number).name.removeprefix("SIG")
    subprocess.Popen(["scancel", f"--signal={name}", os.environ["SLURM_JOB_ID"]])


def _forward(number: int, frame: object) -> None:
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    for child in children:
        os.kill(int(child), number)
