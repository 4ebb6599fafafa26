"""Whether the architecture of a model that is loaded is known, from its config.json: before anything is trained, without torch."""

import json
from pathlib import Path

from grunflow.config.facts import PACKAGE, facts
from grunflow.errors import BadInput, unknown_name

FILE = "config.json"


def check_architecture(where: str, folder: Path) -> None:
    """Refuse a folder whose model is of no architecture in SUPPORTED of models/blocks.py.

    Raises:
        BadInput: it is not, or the folder holds no config of a model.
    """
    try:
        found = json.loads((folder / FILE).read_text())
    except OSError:
        raise BadInput(f"{where}: {folder} holds no {FILE}; name the folder of a model.") from None
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise BadInput(f"{where}: {folder / FILE} is no JSON object; copy the model again.")
    known = facts(PACKAGE / "models" / "blocks.py")["SUPPORTED"]
    kind = str(found.get("model_type"))
    if kind not in known:
        raise BadInput(f"{where}: {unknown_name('architecture', kind, known)}")
