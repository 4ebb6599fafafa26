"""A stage's folder made in this process, with the manifest that restoring a run reads."""

from pathlib import Path
from typing import Any

from grunflow.manifest import identities_of, output_folder
from grunflow.work import Work


def made(folder: Path, stage: Any, spec: Any, **inputs: Path) -> Path:
    """What the command does: the stage's folder with its manifest."""
    given = {name: [path] for name, path in inputs.items()}
    known = identities_of(given)
    with output_folder(folder, spec=spec.model_dump(mode="json"), code="", inputs=known) as (draft, measured):
        measured |= stage.run(spec, Work(given, draft, 8))
    return folder
