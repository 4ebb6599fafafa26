"""One call of a stage: what it writes, from which spec, inputs and files."""

import shlex
from dataclasses import dataclass, field
from pathlib import Path

from grunflow.config.digest import stage_digest
from grunflow.config.stage import Stage

Inputs = dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class Job:
    """One call of a stage. inputs: name -> finished folders. files: data that it reads and no job made. methods: files of the
    user's own methods, which its code digest covers. discarded: the folder of the trained carrier, which goes once every job
    that reads it is done; None where it is kept, in `folder`."""

    folder: str
    spec: Stage
    inputs: Inputs = field(default_factory=dict)
    files: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    discarded: str | None = None

    @property
    def rule(self) -> str:
        return self.spec.rule + ("_and_discard" if self.discarded else "")

    @property
    def stage(self) -> str:
        return self.spec.name

    @property
    def code(self) -> str:
        return stage_digest(self.spec, self.methods)

    @property
    def copy(self) -> Path:
        """Where a file of it lies at the study's root too; the root itself where none does."""
        return Path(self.folder).parent / self.spec.copied

    @property
    def log(self) -> str:
        """Where its rule writes the log."""
        results, study, *place = self.folder.split("/")
        return f"{results}/{study}/logs/{'/'.join(place)}.log"

    @property
    def arguments(self) -> str:
        """The command's `--input` and `--file` arguments."""
        inputs = [
            f"--input {shlex.quote(f'{name}={folder}')}" for name, folders in self.inputs.items() for folder in folders
        ]
        return " ".join([*inputs, *self.file_arguments])

    @property
    def file_arguments(self) -> list[str]:
        return [f"--file {shlex.quote(file)}" for file in (*self.files, *self.methods)]

    @property
    def carrier_argument(self) -> str:
        """The command's `--carrier` argument, of a carrier that is discarded."""
        return f"--carrier {shlex.quote(self.discarded)}" if self.discarded else ""
