"""A finished run as a model of lm-eval's own command: `--model grunflow --model_args run=FOLDER`."""

from pathlib import Path
from typing import Any

from grunflow.errors import BadInput
from grunflow.evaluation.harness import StackLM
from grunflow.loaded import of_folder, subject_of

NAME = "grunflow"


class RunLM(StackLM):
    """lm-eval makes it from its command's arguments. run: a folder below runs/; batch_size: rows of a pass, which changes no score.

    Raises:
        BadInput: the folder is no run, the batch size no number, or an argument is none of these.
    """

    def __init__(self, run: str = "", batch_size: Any = 1, **more: Any) -> None:
        ours = {name: value for name, value in more.items() if name not in ("device", "max_batch_size")}
        if not run or ours:
            raise BadInput(
                f"--model_args: got {', '.join(sorted(ours)) or 'no run'}, expected run=FOLDER of a run below runs/."
            )
        if not str(batch_size).isdigit() or int(batch_size) < 1:
            raise BadInput(f"--batch_size: got {batch_size!r}, expected a number of rows from 1.")
        tokenizer, stack = subject_of(of_folder(Path(run)))
        super().__init__(stack, tokenizer, int(batch_size))
