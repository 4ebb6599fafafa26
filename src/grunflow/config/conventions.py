"""Where the authors' code and good practice differ, as typed keys and the presets that expand into them."""

from typing import Literal

from pydantic import Field

from grunflow.config.names import TEMPLATES
from grunflow.config.specs import Strict


class Conventions(Strict):
    """A preset's name stands for all keys; docs/fidelity.md."""

    preset: Literal["authors", "mended"] = "mended"
    finetune_template: Literal[TEMPLATES] = "plain"  # type: ignore[valid-type]
    baseline_template: Literal[TEMPLATES] = "plain"  # type: ignore[valid-type]
    edit_template: Literal[TEMPLATES] = Field("plain", description="of reft and grun")  # type: ignore[valid-type]
    retain_sampling: Literal["fresh", "fixed_partner"] = "fresh"
    gate_loss: Literal["logits", "probabilities"] = "logits"


# What a preset's name expands to; a key given beside it wins.
PRESETS: dict[str, dict[str, str]] = {
    "mended": {},
    "authors": {
        "finetune_template": "baseline",
        "baseline_template": "baseline",
        "edit_template": "grun",
        "retain_sampling": "fixed_partner",
        "gate_loss": "probabilities",
    },
}
