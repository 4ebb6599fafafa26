"""Carrier lora: PEFT's LoRA on every linear layer of the decoder blocks."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from torch import nn
from transformers.pytorch_utils import Conv1D

from grunflow.carriers.base import Carrier
from grunflow.config.parts import CarrierSpec
from grunflow.models.blocks import blocks

TRAINS = "adapters"
PARAMETERS = {"rank": None, "alpha": None, "dropout": None}
LIMITS = {"rank": "count", "alpha": "positive", "dropout": "share"}
MEANINGS = {
    "rank": "rank of the adapters",
    "alpha": "what they add is scaled by alpha / rank",
    "dropout": "share of their inputs that is dropped in training",
}
PACKABLE = True


class Lora(Carrier):
    """PEFT puts its layers into the model itself, so that the model is called as before. Several stack: PEFT then holds an
    adapter for each, all of them active."""

    def __init__(self, spec: CarrierSpec, model: Any, beneath: Sequence[Carrier] = ()) -> None:
        super().__init__(spec, model, beneath)
        self.peers = [carrier for carrier in beneath if isinstance(carrier, Lora)]
        self.adapter = f"over_{len(self.peers)}" if self.peers else "default"
        for parameter in model.parameters():
            parameter.requires_grad_(False)
        self.peft = self._attached()

    def _attached(self) -> Any:
        """PEFT's model with a new adapter."""
        from peft import LoraConfig, get_peft_model  # a second of imports that other carriers do without

        settings: dict[str, Any] = {
            "r": self.spec.rank,
            "lora_alpha": self.spec.alpha,
            "lora_dropout": self.spec.dropout,
        }
        if self.peers:
            first = self.peers[0].peft
            same = first.peft_config["default"]
            settings |= {"target_modules": same.target_modules, "fan_in_fan_out": same.fan_in_fan_out}
            first.add_adapter(self.adapter, LoraConfig(**settings, task_type="CAUSAL_LM"))
            return self._ordered(self._active(first))
        linears = self._linears()
        # GPT-2's are stored the other way round.
        settings["fan_in_fan_out"] = any(isinstance(module, Conv1D) for module in linears.values())
        config = LoraConfig(**settings, target_modules=list(linears), task_type="CAUSAL_LM")
        with warnings.catch_warnings():  # peft 0.21 asks transformers by a name that goes
            warnings.filterwarnings("ignore", "`is_gradient_checkpointing` is deprecated", FutureWarning)
            return self._ordered(get_peft_model(self.model, config))

    def _linears(self) -> dict[str, nn.Module]:
        """The linear layers of the blocks by name. PEFT's own "all-linear" takes those of a vision tower and of OPT's projections
        too, and for Mixtral its experts' tensors, which know no dropout."""
        inside = set(blocks(self.model).modules())
        return {
            name: module
            for name, module in self.model.named_modules()
            if module in inside and isinstance(module, nn.Linear | Conv1D)
        }

    def _ordered(self, peft: Any) -> Any:
        """PEFT makes the names of its layers a set, whose order in the saved file would follow PYTHONHASHSEED."""
        config = peft.peft_config[self.adapter]
        config.target_modules = sorted(config.target_modules)
        return peft

    def _active(self, peft: Any) -> Any:
        """All adapters act; those beneath stay frozen."""
        peft.base_model.set_adapter([*(peer.adapter for peer in self.peers), self.adapter])
        for peer in self.peers:
            peer.freeze()
        return peft

    def trained(self) -> list[nn.Parameter]:
        return [
            value
            for name, value in self.model.named_parameters()
            if ".lora_" in name and f".{self.adapter}." in f"{name}."
        ]

    def freeze(self) -> None:
        super().freeze()
        for layer in self._layers():
            layer.lora_dropout[self.adapter] = nn.Identity()

    @contextmanager
    def switched_off(self) -> Iterator[None]:
        """Adapters beneath act on; dropout does not, neither theirs nor the model's."""
        training, trained = self.model.training, self.trained()
        self.model.eval()
        try:
            if self.peers:
                self.peft.base_model.set_adapter([peer.adapter for peer in self.peers])
                yield
            else:
                with self.peft.disable_adapter():
                    yield
        finally:
            if self.peers:
                self._active(self.peft)
            for parameter in trained:  # PEFT freezes what it switches off
                parameter.requires_grad_(True)
            self.model.train(training)

    def _layers(self) -> Iterator[Any]:
        for module in self.model.modules():
            if self.adapter in getattr(module, "lora_A", {}):
                yield module

    def save(self, folder: Path) -> None:
        """As PEFT saves an adapter; one that lies on another in a folder of its name."""
        self.peft.save_pretrained(folder, selected_adapters=[self.adapter])

    def load(self, folder: Path, share: float) -> None:
        from peft import set_peft_model_state_dict
        from safetensors.torch import load_file

        place = folder / self.adapter if self.peers else folder
        set_peft_model_state_dict(self.peft, load_file(place / "adapter_model.safetensors"), adapter_name=self.adapter)
        for layer in self._layers():
            layer.scaling[self.adapter] = share * self.spec.alpha / self.spec.rank


CLASS = Lora
