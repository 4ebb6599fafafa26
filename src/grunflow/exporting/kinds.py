"""What an export can be, by what a run's carrier trains: how it is written, and how others load it."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from grunflow.carriers.stack import Stack
from grunflow.config.facts import CARRIER, fact_of
from grunflow.config.terms import ADAPTERS, EDITS, WEIGHTS
from grunflow.errors import BadInput
from grunflow.exporting.base import Base
from grunflow.loaded import Run
from grunflow.models.blocks import blocks

LOADERS = ("load_edits.py", "pyvene_edits.py")  # beside this module; they go into the folder as they are
ADAPTER_CONFIG = "adapter_config.json"


class Kind(NamedTuple):
    """title: what cards call it. library: of the hub. write: puts it into a folder. use: Python that loads it from the folder
    `here`. limit: a sentence for the card."""

    title: str
    library: str
    write: Callable[[Stack, Path, Base | None], None]
    use: str
    limit: str

    def loading(self, base: Base | None, dtype: str) -> str:
        keys = {"base": "", "revision": ""}
        if base is not None:
            name = f'f"{{here}}/{base.name}"' if base.local else json.dumps(base.name)
            keys = {"base": name, "revision": f", revision={json.dumps(base.revision)}" if base.revision else ""}
        return f"```python\n{self.use.format(**keys, dtype=json.dumps(dtype)).strip()}\n```"


def write_weights(stack: Stack, to: Path, base: Base | None) -> None:
    stack.model.save_pretrained(to)


def write_adapters(stack: Stack, to: Path, base: Base | None) -> None:
    """As PEFT saves them, with a base that others find."""
    assert base is not None, "adapters lie on something"
    stack.top.save(to)
    path = to / ADAPTER_CONFIG
    config: dict[str, Any] = json.loads(path.read_text())
    config |= {"base_model_name_or_path": base.name, "revision": base.revision}
    path.write_text(json.dumps(config, indent=2, sort_keys=True))


def write_edits(stack: Stack, to: Path, base: Base | None) -> None:
    """R, W, b and gates, where they belong, and modules that put them there."""
    assert base is not None, "edits lie on something"
    stack.top.save(to)
    names = {id(module): name for name, module in stack.model.named_modules()}
    told = {
        "base": base.name,
        "revision": base.revision,
        "dtype": str(stack.model.dtype).removeprefix("torch."),
        "blocks": names[id(blocks(stack.model))],
    }
    (to / "edits.json").write_text(json.dumps(told, indent=1))
    for name in LOADERS:
        shutil.copyfile(Path(__file__).parent / name, to / name)


USE_WEIGHTS = """
from transformers import AutoModelForCausalLM, AutoTokenizer

here = "."  # this folder, or its name on the hub
model = AutoModelForCausalLM.from_pretrained(here, dtype={dtype})
tokenizer = AutoTokenizer.from_pretrained(here)
"""
USE_ADAPTERS = """
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

here = "."  # this folder, or its name on the hub
base = AutoModelForCausalLM.from_pretrained({base}{revision}, dtype={dtype})
model = PeftModel.from_pretrained(base, here)
tokenizer = AutoTokenizer.from_pretrained(here)
"""
USE_EDITS = """
import sys

here = "."  # this folder; of the hub what huggingface_hub.snapshot_download gives
sys.path.append(here)
from load_edits import load  # as a stock pyvene model: from pyvene_edits import load

model, tokenizer = load()
"""
BENEATH = "The base model is as it was: whoever has it has what was to be forgotten."
KINDS = {
    WEIGHTS: Kind("Whole model", "transformers", write_weights, USE_WEIGHTS, "Its weights hold no other safeguard."),
    ADAPTERS: Kind("LoRA adapters", "peft", write_adapters, USE_ADAPTERS, BENEATH),
    EDITS: Kind(
        "Edits of block outputs", "transformers", write_edits, USE_EDITS,
        f"An edit acts at the last token of a prompt, and nowhere else. {BENEATH}",
    ),
}  # fmt: skip


def kind_of(run: Run) -> Kind:
    """By what the run's carrier trains; a fine-tuned model is all weights.

    Raises:
        BadInput: no loader knows it.
    """
    spec = getattr(run.spec, "carrier", None)
    if spec is None:
        return KINDS[WEIGHTS]
    if spec.file:
        raise BadInput(
            f"{run.folder}: carrier {spec.name} is a file of your own, which no loader but grunflow's knows; use load_run."
        )
    trains = fact_of(CARRIER, spec.kind, "TRAINS", "")
    beneath = [part.file or fact_of(CARRIER, part.kind, "TRAINS", "") for part in run.spec.beneath]
    if beneath and {trains, *beneath} != {WEIGHTS}:
        raise BadInput(
            f"{run.folder}: lies on other runs ({', '.join(part.name for part in run.spec.beneath)}), which an export would leave out; "
            "name a run on a fine-tuned or the hub's model, or use load_run."
        )
    return KINDS[trains]
