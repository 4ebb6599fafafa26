"""Run a frozen target model once over what its grun and reft runs train on; objectives, seeds, ranks and gates share it."""

from pathlib import Path

from grunflow.config.specs import CacheFrozenStates
from grunflow.data.prompts import Example, encode
from grunflow.data.records import read_rows
from grunflow.data.splits import RETAIN_OF_FORGET
from grunflow.models.loading import load_model, load_tokenizer
from grunflow.training.frozen_states import name_of, write_states


def run(spec: CacheFrozenStates, inputs: dict[str, list[Path]], out: Path, batch_size: int) -> dict:
    """Write rows_*.safetensors and index.json (training/frozen_states.py)."""
    data, target = inputs["data"][0], inputs["target"][0]
    tokenizer, model = load_tokenizer(target), load_model(target, spec.dtype)
    splits = [data / "records" / f"{split}.json" for split in (spec.forget_split, RETAIN_OF_FORGET[spec.forget_split])]
    files = [*splits, *([data / "replay.json", data / "unevaluated.json"] if spec.replayed else [])]
    found: dict[str, Example] = {}
    for file in files:
        for row in read_rows(file):
            example = encode(tokenizer, row["question"], row["answer"], spec.template)
            found.setdefault(name_of(example), example)
    rows = write_states(model, found, spec.first, tokenizer.pad_token_id, batch_size, out)
    return {"rows": rows, "tokens": sum(len(example.ids) for example in found.values())}
