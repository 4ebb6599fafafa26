"""Where the authors' code, open-unlearning's and good practice differ, as typed keys and the presets that expand into them."""

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from grunflow.config.base import Strict
from grunflow.config.chat import Chat
from grunflow.data.prompts import CHAT, TEMPLATES

if TYPE_CHECKING:
    Template = str
else:
    Template = Literal[(*TEMPLATES, CHAT)]


class Conventions(Strict):
    """A preset's name stands for all keys; docs/fidelity.md."""

    preset: Literal["authors", "mended", "open_unlearning"] = Field(
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
    chat: Chat = Field(Chat(), description="what template `chat`, the tokenizer's own, is told")

    @property
    def chats(self) -> list[str]:
        """Keys whose template is the tokenizer's own."""
        return [key for key, value in self if value == CHAT]

    def form(self, template: Template) -> str | Chat:
        """A template as specs hold it: its name, or what the tokenizer's own is told."""
        return self.chat if template == CHAT else template


# What a preset's name expands to; a key given beside it wins.
PRESETS: dict[str, dict[str, Any]] = {
    "mended": {},
    "authors": {
        "finetune_template": "baseline",
        "baseline_template": "baseline",
        "edit_template": "authors",
        "evaluation_template": "authors",
        "retain_sampling": "fixed_partner",
        "gate_loss": "probabilities",
    },
    # configs/model/Llama-3.2-1B-Instruct.yaml and src/data/unlearn.py of locuslab/open-unlearning (d3d7cf9).
    "open_unlearning": {
        **dict.fromkeys(("finetune_template", "baseline_template", "edit_template", "evaluation_template"), CHAT),
        "chat": {"system": "You are a helpful assistant.", "date": "10 Apr 2025"},
    },
}
