"""Run a frozen target model once over what its grun and reft runs train on; objectives, seeds, ranks and gates share it."""

import logging
import time
from pathlib import Path

from grunflow.config.specs import CacheFrozenStates
from grunflow.data.pairing import partners
from grunflow.data.prompts import Example, encode
from grunflow.data.records import read_rows
from grunflow.data.splits import RETAIN_OF_FORGET
from grunflow.interventions.packed import unpackable
from grunflow.models.loading import load_model, load_tokenizer
from grunflow.training.frozen_states import flops_of, name_of, write_states

log = logging.getLogger(__name__)


def run(spec: CacheFrozenStates, inputs: dict[str, list[Path]], out: Path, batch_size: int) -> dict:
    """Write rows_*.safetensors and index.json (training/frozen_states.py); no row where the fast path does not apply."""
    data, target = inputs["data"][0], inputs["target"][0]
    tokenizer, model = load_tokenizer(target), load_model(target, spec.dtype)
    found: dict[str, Example] = {}
    for row in rows_of(spec, data):
        example = encode(tokenizer, row["question"], row["answer"], spec.template)
        found.setdefault(name_of(example), example)
    reason = unpackable(model, max(len(example.ids) for example in found.values()))
    if reason:
        log.info("nothing is cached, runs take the plain path: %s", reason)
        found = {}
    started = time.monotonic()
    rows = write_states(model, found, spec.first, tokenizer.pad_token_id, batch_size, out)
    return {
        "rows": rows,
        "tokens": sum(len(example.ids) for example in found.values()),
        "states_seconds": round(time.monotonic() - started, 3),
        "states_flops": round(flops_of(model, found.values())),
    }


def rows_of(spec: CacheFrozenStates, data: Path) -> list[dict]:
    """Everything that a run may read; of the retain split, where partners are fixed, those alone."""
    forget = read_rows(data / "records" / f"{spec.forget_split}.json")
    retain = read_rows(data / "records" / f"{RETAIN_OF_FORGET[spec.forget_split]}.json")
    if spec.replayed:
        return [*forget, *retain, *read_rows(data / "replay.json"), *read_rows(data / "unevaluated.json")]
    return [*forget, *(retain[index] for index in partners(spec.retain_sampling, len(forget), len(retain)))]
