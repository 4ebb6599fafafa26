"""Run a frozen model once over what its edits are trained on; objectives, seeds, ranks and gates share it."""

import importlib
import logging
import time
from typing import Any

from grunflow.carriers.chain import stacked
from grunflow.config.facts import STREAM, module_of
from grunflow.config.specs import CacheFrozenStates
from grunflow.data.prompts import Example
from grunflow.interventions.packed import unpackable
from grunflow.models.loading import start_config, start_tokenizer
from grunflow.models.partly import load_from
from grunflow.training.frozen_states import Rows, flops_of, name_of, of_whole, write_states
from grunflow.training.streamed_states import of_part
from grunflow.work import Work

log = logging.getLogger(__name__)


def run(spec: CacheFrozenStates, work: Work) -> dict[str, Any]:
    """Write rows_*.safetensors and index.json (training/frozen_states.py); no row where the fast path does not apply."""
    start = work.inputs.get("start", [])
    tokenizer = start_tokenizer(spec.model, start)
    stream = importlib.import_module(module_of(STREAM, spec.stream.kind))
    found: dict[str, Example] = {}
    for example in stream.shared(spec.stream, work.inputs["data"][0], tokenizer, spec.template):
        found.setdefault(name_of(example), example)
    config = start_config(spec.model, start)
    reason = unpackable(config, max(len(example.ids) for example in found.values()))
    if reason:
        log.info("nothing is cached, runs take the plain path: %s", reason)
        found = {}
    started = time.monotonic()
    rows = _rows(spec, work, tokenizer.pad_token_id) if found else lambda lists: iter(())
    return {
        "rows": write_states(rows, found, work.out),
        "tokens": sum(len(example.ids) for example in found.values()),
        "states_seconds": round(time.monotonic() - started, 3),
        "states_flops": round(flops_of(config, found.values())),
    }


def _rows(spec: CacheFrozenStates, work: Work, pad_id: int) -> Rows:
    """Block by block where nothing but the model itself is run: only one block is held then."""
    start = work.inputs.get("start", [])
    partly = load_from(spec.model, start, None)
    if partly:
        return of_part(partly, spec.first, pad_id, work.batch_size)
    model = stacked(spec.model, start, files=work.files).model
    return of_whole(model, spec.first, pad_id, work.batch_size)
