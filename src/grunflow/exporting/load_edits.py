"""The edits of this folder on the model that they were trained on; needs torch and transformers alone.

    from load_edits import load
    model, tokenizer = load()
    model.generate(**tokenizer(prompt, return_tensors="pt"))

`model.gates` then holds, by block, how far the gate of each row was open, from 0 to 1.
"""

import json
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch.nn.functional import linear
from transformers import AutoModelForCausalLM, AutoTokenizer

HERE = Path(__file__).parent
TOLD = json.loads((HERE / "edits.json").read_text())


def load(base=None):
    """Model and tokenizer. base: where the base model lies, in place of what edits.json says."""
    model = load_base(base)
    model.gates, ends = {}, []

    def begin(module, arguments, given):
        """An edit acts at the last token of a text, in the call that begins it: later calls see it through keys and values."""
        cache, ids = given.get("past_key_values"), arguments[0] if arguments else given.get("input_ids")
        ids = given["inputs_embeds"][..., 0] if ids is None else ids
        mask = given.get("attention_mask")
        kept = torch.ones_like(ids, dtype=torch.long) if mask is None else mask.long()
        begins = cache is None or cache.get_seq_length() == 0
        ends[:] = [kept.shape[1] - 1 - kept.flip(1).argmax(1)] if begins else []

    def editing(block, tensors):
        def hook(module, inputs, output):
            if not ends:
                return None
            hidden = (output[0] if isinstance(output, tuple) else output).clone()
            rows, at = torch.arange(len(hidden), device=hidden.device), ends[0].to(hidden.device)
            state, model.gates[block] = edited(hidden[rows, at], tensors)
            hidden[rows, at] = state
            return (hidden, *output[1:]) if isinstance(output, tuple) else hidden

        return hook

    model.register_forward_pre_hook(begin, with_kwargs=True)
    for block, tensors in edits().items():
        model.get_submodule(f"{TOLD['blocks']}.{block}").register_forward_hook(editing(block, tensors))
    return model.eval(), AutoTokenizer.from_pretrained(HERE)


def load_base(base=None):
    """The model without the edits; a base named by a path lies there as seen from this folder."""
    place = base or (HERE / TOLD["base"] if (HERE / TOLD["base"]).is_dir() else TOLD["base"])
    revision = None if base else TOLD["revision"]
    return AutoModelForCausalLM.from_pretrained(place, revision=revision, dtype=TOLD["dtype"])


def edits():
    """Block -> R (width, rank), W (rank, width), b (rank), and the gate's weights and biases."""
    found = {}
    for name, tensor in load_file(HERE / "interventions.safetensors").items():
        block, _, part = name.partition(".")
        found.setdefault(int(block), {})[part] = tensor
    return found


def edited(h, tensors):
    """h + g ((W h + b) - h R) R^T in float32, h (rows, width); and the gate g (rows), None without one."""
    tensors = {name: tensor.to(h.device) for name, tensor in tensors.items()}  # the model may have been moved
    wide, logit = h.float(), h.float()
    change = (linear(wide, tensors["W"], tensors["b"]) - wide @ tensors["R"]) @ tensors["R"].T
    layers = sorted(name.removesuffix("weight") for name in tensors if name.startswith("gate.") and "weight" in name)
    for number, layer in enumerate(layers):
        logit = linear(torch.relu(logit) if number else logit, tensors[f"{layer}weight"], tensors[f"{layer}bias"])
    if not layers:
        return (wide + change).to(h.dtype), None
    return (wide + change * torch.sigmoid(logit)).to(h.dtype), torch.sigmoid(logit)[:, 0]
