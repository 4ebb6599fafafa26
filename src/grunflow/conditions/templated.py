"""Another prompt template than runs are scored with, or the tokenizer's own chat template with another system prompt."""

from dataclasses import replace

from grunflow.config.chat import Chat
from grunflow.config.parts import ConditionSpec
from grunflow.data.prompts import CHAT
from grunflow.evaluation.asking import Asking

PARAMETERS = {"template": None, "system": None, "date": None}
LIMITS = {"template": "template", "system": "text", "date": "text"}
OPTIONAL = ("system", "date")
ONLY_WITH = {"system": ("template", "chat"), "date": ("template", "chat")}
MEANINGS = {
    "template": "prompt template (data/prompts.py), or chat: the tokenizer's own",
    "system": "of chat: its system prompt; null: none",
    "date": "of chat: the date that a template states; null: none",
}


def put(asking: Asking, spec: ConditionSpec) -> Asking:
    """Sets with a template of their own keep it."""
    chat = Chat(system=spec.get("system") or "", date=spec.get("date") or "")
    return replace(asking, template=chat if spec.template == CHAT else spec.template)
