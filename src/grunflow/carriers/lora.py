"""Carrier lora: PEFT's LoRA on every linear layer of the decoder blocks."""

from pathlib import Path
from typing import Any

from torch import nn

from grunflow.carriers.full import Full
from grunflow.config.specs import Carrier


class Lora(Full):
    """As carrier full, but for what is trained and saved: the model is wrapped by PEFT."""

    def __init__(self, spec: Carrier, model: nn.Module, restored: bool = False) -> None:
        if not restored:
            from peft import LoraConfig, get_peft_model  # a second of imports that other carriers do without

            # "all-linear" leaves the head out, which is no block's.
            settings: dict[str, Any] = {"r": spec.rank, "lora_alpha": spec.alpha, "lora_dropout": spec.dropout}
            config = LoraConfig(**settings, target_modules="all-linear", task_type="CAUSAL_LM")
            model = get_peft_model(model, config)  # type: ignore[arg-type]
            # PEFT makes them a set, whose order in the saved file would follow PYTHONHASHSEED.
            config.target_modules = sorted(config.target_modules or ())
        self.model = model

    @property
    def base(self) -> Any:
        return self.model.get_base_model()  # type: ignore[operator]

    @classmethod
    def restore(cls, spec: Carrier, folder: Path, model: nn.Module) -> "Lora":
        from peft import PeftModel

        return cls(spec, PeftModel.from_pretrained(model, folder), restored=True)  # type: ignore[arg-type]
