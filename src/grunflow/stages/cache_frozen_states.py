"""Run a frozen model once over what its edits are trained on; objectives, seeds, ranks and gates share it."""

import importlib
import logging
import time
from typing import Any

from grunflow.carriers.chain import restored
from grunflow.config.facts import STREAM, module_of
from grunflow.config.specs import CacheFrozenStates
from grunflow.data.prompts import Example
from grunflow.interventions.packed import unpackable
from grunflow.training.frozen_states import flops_of, name_of, write_states
from grunflow.work import Work

log = logging.getLogger(__name__)


def run(spec: CacheFrozenStates, work: Work) -> dict[str, Any]:
    """Write rows_*.safetensors and index.json (training/frozen_states.py); no row where the fast path does not apply."""
    tokenizer, stack = restored(spec.model, work.inputs.get("start", []), files=work.files)
    stream = importlib.import_module(module_of(STREAM, spec.stream.kind))
    found: dict[str, Example] = {}
    for example in stream.shared(spec.stream, work.inputs["data"][0], tokenizer, spec.template):
        found.setdefault(name_of(example), example)
    reason = unpackable(stack.model, max(len(example.ids) for example in found.values()))
    if reason:
        log.info("nothing is cached, runs take the plain path: %s", reason)
        found = {}
    started = time.monotonic()
    rows = write_states(stack.model, found, spec.first, tokenizer.pad_token_id, work.batch_size, work.out)
    return {
        "rows": rows,
        "tokens": sum(len(example.ids) for example in found.values()),
        "states_seconds": round(time.monotonic() - started, 3),
        "states_flops": round(flops_of(stack.model, found.values())),
    }
