"""The server of warm.py: `python -m grunflow.warm_server LISTENER FOLDER`, alive as long as its standard input is open.

It imports other people's packages only, when the first command comes, and computes nothing: a forked process finds this
package's own code as it is then, and no thread or random state that another job left. FOLDER holds the address and is removed.
"""

import atexit
import gc
import importlib
import json
import os
import resource
import selectors
import shutil
import signal
import socket
import sys
import tempfile
import traceback
from contextlib import suppress
from functools import cache
from typing import Any, NamedTuple

from grunflow.launch import FORWARDED
from grunflow.warm import read_early

# What stages import that is not this package's.
PACKAGES = ("torch", "transformers", "transformers.models.llama.modeling_llama", "peft", "pandas", "pyarrow.parquet", "scipy.stats",
            "rouge_score.rouge_scorer", "safetensors.torch", "pydantic", "yaml")  # fmt: skip


STARTED_WITH = dict(os.environ)  # packages add to it when they are imported


class Command(NamedTuple):
    """A command that came: what warm.py's request holds, and its standard input, output and error."""

    request: dict[str, Any]
    files: list[int]

    def fits(self) -> bool:
        """Whether a process forked here is as one that starts by itself."""
        environment = read_early(self.request["environment"])
        return self.request["python"] == sys.prefix and environment == read_early(STARTED_WITH)

    def become(self) -> None:
        """Make this process the command's."""
        for number, file in enumerate(self.files):
            os.dup2(file, number)
            os.close(file)
        added = {name: value for name, value in os.environ.items() if STARTED_WITH.get(name) != value}
        os.environ.clear()
        os.environ.update(self.request["environment"] | added)
        os.umask(self.request["mask"])
        os.chdir(self.request["folder"])
        for name, limit in self.request["limits"].items():
            with suppress(ValueError, OSError):  # one that this user may not raise
                resource.setrlimit(getattr(resource, name), tuple(limit))
        tempfile.tempdir = None  # where a package asked for it when it was imported it is the server's
        sys.argv, sys.path[:] = self.request["words"], self.request["path"]
        for name in [name for name in sys.modules if name.partition(".")[0] == "grunflow"]:
            del sys.modules[name]
        importlib.invalidate_caches()


class Server:
    """jobs: process -> the line to the command that waits for it."""

    def __init__(self, listener: socket.socket) -> None:
        self.listener = listener
        self.jobs: dict[int, socket.socket] = {}
        self.selector = selectors.DefaultSelector()
        self.ended, wakes = os.pipe()
        self.alive = os.dup(0)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.set_blocking(wakes, False)
        os.set_blocking(self.ended, False)
        signal.set_wakeup_fd(wakes, warn_on_full_buffer=False)
        # What asks to stop concerns the jobs: this process ends with the last of them.
        for number in (signal.SIGCHLD, *FORWARDED):
            signal.signal(number, lambda *_: None)
        for place in (listener, self.ended, self.alive):
            self.selector.register(place, selectors.EVENT_READ)

    def serve(self) -> Command | None:
        """Until there is nothing left to do: None. In each forked process: what it is to become."""
        listens = True
        while listens or self.jobs:
            for key, _ in self.selector.select():
                if key.fileobj is self.listener:
                    command = self.accept() if listens else None
                    if command:
                        return command
                elif key.fileobj == self.ended:
                    self.tell_ends()
                elif key.fileobj == self.alive:
                    self.selector.unregister(self.alive)
                    self.selector.unregister(self.listener)
                    self.listener.close()  # who comes now starts by itself
                    listens = False
                elif key.data in self.jobs:  # who waits for it is gone: killed
                    os.kill(key.data, signal.SIGKILL)
                    self.selector.unregister(key.fileobj)
        return None

    def accept(self) -> Command | None:
        """Fork a process for the command that has come; in that process the command. One that is cut short, or that no process is to be
        had for, starts by itself: the others run on."""
        try:
            line, _ = self.listener.accept()
        except OSError:  # it has gone again, or no file is left to open
            return None
        files: list[int] = []
        try:
            _, files, _, _ = socket.recv_fds(line, 1, 3)
            with line.makefile() as words:
                command = Command(json.loads(words.readline() or "null"), files)
            process = self.fork() if command.request and command.fits() else None
        except (OSError, ValueError):
            process = None
        if process == 0:
            self.leave()
            return command
        if process is None:
            self.tell(line, 0)
            line.close()
        else:
            self.jobs[process] = line
            self.selector.register(line, selectors.EVENT_READ, process)
            self.tell(line, process)
        for file in files:
            os.close(file)
        return None

    def fork(self) -> int:
        preload()
        return os.fork()

    def tell_ends(self) -> None:
        """To each command whose process has ended its status; negative: the signal that ended it."""
        with suppress(BlockingIOError):
            os.read(self.ended, 4096)
        for process in list(self.jobs):
            ended, status = os.waitpid(process, os.WNOHANG)
            if ended:
                line = self.jobs.pop(process)
                with suppress(KeyError):
                    self.selector.unregister(line)
                self.tell(line, os.waitstatus_to_exitcode(status))
                line.close()

    def tell(self, line: socket.socket, number: int) -> None:
        with suppress(OSError):  # nobody waits for it any more
            line.sendall(b"%d\n" % number)

    def leave(self) -> None:
        """In a forked process: nothing of the server is left, and it does not outlive it."""
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, *FORWARDED):
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
        self.selector.close()
        for line in (self.listener, *self.jobs.values()):
            line.close()
        os.close(self.ended)
        os.close(self.alive)
        if sys.platform == "linux":
            import torch.multiprocessing

            torch.multiprocessing._prctl_pr_set_pdeathsig(signal.SIGKILL)  # type: ignore[attr-defined]


@cache
def preload() -> None:
    """Once, before the first fork."""
    for name in PACKAGES:
        with suppress(ImportError):  # the command itself will say what is missing
            importlib.import_module(name)
    gc.collect()
    gc.freeze()  # a collection in a forked process would write to, and so copy, every page of what was imported


def main() -> None:
    command = Server(socket.socket(fileno=int(sys.argv[1]))).serve()
    if command is None:
        shutil.rmtree(sys.argv[2], ignore_errors=True)
        return
    command.become()
    os._exit(ended())


def ended() -> int:
    """Run the command; its exit status, everything written. Python's own end would take every imported object apart."""
    from grunflow import cli

    status: int | str | None = 0
    try:
        cli.main()
    except SystemExit as end:
        status = end.code
    except BaseException:
        status = 1
        traceback.print_exc()
    if isinstance(status, str):
        print(status, file=sys.stderr)
        status = 1
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    return status or 0


if __name__ == "__main__":
    main()
