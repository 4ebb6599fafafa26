"""Where the authors' code and good practice differ, as typed keys and the presets that expand into them."""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from grunflow.config.base import Strict
from grunflow.data.prompts import TEMPLATES

if TYPE_CHECKING:
    Template = str
else:
    Template = Literal[tuple(TEMPLATES)]


class Conventions(Strict):
    """A preset's name stands for all keys; docs/fidelity.md."""

    preset: Literal["authors", "mended"] = Field(
        "mended", description="expands into the keys below; a key given beside it wins"
    )
    finetune_template: Template = Field("plain", description="prompt template of target and retain models")
    baseline_template: Template = Field("plain", description="of carriers that train the model itself or adapters")
    edit_template: Template = Field("plain", description="of carriers that edit representations")
    evaluation_template: Template = Field(
        "plain", description="that every model is scored with, references and snapshots too"
    )
    retain_sampling: Literal["fresh", "fixed_partner"] = Field(
        "fresh", description="which retain row goes with a forget row"
    )
    gate_loss: Literal["logits", "probabilities"] = Field("logits", description="what the gate's cross-entropy reads")


# What a preset's name expands to; a key given beside it wins.
PRESETS: dict[str, dict[str, str]] = {
    "mended": {},
    "authors": {
        "finetune_template": "baseline",
        "baseline_template": "baseline",
        "edit_template": "authors",
        "evaluation_template": "authors",
        "retain_sampling": "fixed_partner",
        "gate_loss": "probabilities",
    },
}
