"""What a stage is given beside its spec."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Work:
    """One call of a stage: `run(spec, work)` writes into `out` and returns measurements.

    inputs: name -> finished folders of earlier stages. batch_size: of evaluation; changes no score. files: that the spec names,
    data and methods of the user's own. accumulation: micro-batches per step of a training whose spec leaves them to the plan.
    """

    inputs: dict[str, list[Path]]
    out: Path
    batch_size: int = 64
    files: tuple[Path, ...] = ()
    accumulation: int = 1
