"""Relations between keys of a config that a single key's range cannot say; each refusal names the key."""

import re
from itertools import product
from typing import Any

from grunflow.benchmarks.base import EXTERNAL, REFERENCES, Benchmark, declared
from grunflow.config import facts, limits
from grunflow.config.base import NAME, NAMED
from grunflow.config.facts import CARRIER, OBJECTIVE, STREAM
from grunflow.config.finished import check_external
from grunflow.config.idle import check_unused
from grunflow.config.methods import (
    Method,
    carrier_source,
    condition_of,
    method,
    objective_source,
    part_of,
    without_null_retain,
)
from grunflow.config.parts import CarrierSpec, ObjectiveSpec, Training
from grunflow.config.sheet import check_models, check_parameters, check_training
from grunflow.config.shown_specs import Claims, Shown
from grunflow.config.stages import stages
from grunflow.config.study import Resolved, Rows
from grunflow.config.terms import EDITS, reads_padding, reads_states
from grunflow.errors import BadInput, shown, unknown_name

VARIED = ("objective", "carrier", "training")


def check(study: Resolved) -> None:
    """Everything about a study that its classes cannot say."""
    check_names(study)
    check_models(study)
    for rows in study.grid:
        check_rows(study, rows)
    check_external(study)
    check_overrides(study)
    check_keys(study)
    check_parameters(study)


def check_names(study: Resolved) -> None:
    """Every name in the file stands for something, whether or not the grid uses it."""
    for key in ("objectives", "carriers", "variants"):
        for name in getattr(study, key):
            if not re.fullmatch(NAME, name):
                raise BadInput(f"config.{key}: got name {shown(name)}, expected {NAMED}.")
    for table in (study.objectives, study.carriers):
        taken = [name for name in table if name in (*REFERENCES, EXTERNAL)]
        if taken:
            raise BadInput(
                f"config: {taken[0]!r} is the name of a reference model ({', '.join(REFERENCES)}) or of finished ones ({EXTERNAL}); "
                "take another name."
            )
    for name in study.objectives:
        objective_source(study, name)
    for name in study.carriers:
        carrier_source(study, name)
    for name in study.training:
        if name not in facts.names(CARRIER):
            carrier_source(study, name)
    for name in study.conditions:
        condition_of(study, name)
    for variant, parts in study.variants.items():
        for part in parts:
            if part not in VARIED:
                raise BadInput(f"config.variants.{variant}: {unknown_name('key', part, VARIED)}")
    own = {"logs", "partial", *(name for name, kind in stages().items() if issubclass(kind, Shown | Claims))}
    taken = [name for name in study.benchmarks if name in own]
    if taken:
        raise BadInput(
            f"config.benchmarks: {taken[0]!r} is a folder of every study's own; give it another name, and `kind`."
        )
    logs = [item.name for item in study.published_logs]
    if len(set(logs)) < len(logs):
        raise BadInput(f"config.published_logs: two are called {max(logs, key=logs.count)!r}; give each its own name.")
    twice = [item for item in study.seeds if study.seeds.count(item) > 1]
    if twice:
        raise BadInput(f"config.seeds: {twice[0].model_dump()} stands there twice; a replicate counts once.")


def check_keys(study: Resolved) -> None:
    """What stands under a name is in order even where the grid does not use it, or overrides replace all of it."""
    rows = [study.model(rows.model) for rows in study.grid]
    widest = max((row.architecture.hidden_size, row.name) for row in rows)
    shape = limits.Shape(widest[1], max(row.architecture.layers for row in rows), widest[0])
    for name, keys in study.objectives.items():
        where = f"config.objectives.{name}"
        part_of(
            ObjectiveSpec, name, objective_source(study, name), without_null_retain(keys), where, shape, whole=False
        )
    for name, keys in study.carriers.items():
        part_of(CarrierSpec, name, carrier_source(study, name), keys, f"config.carriers.{name}", shape, whole=False)
    check_unused(study, shape)


def check_rows(study: Resolved, rows: Rows) -> None:
    """One entry of the grid, with its variants."""
    benchmark = declared(study.benchmark(rows.benchmark))
    unknown = [name for name in rows.variants if name not in rows.carriers]
    if unknown:
        raise BadInput(f"config.grid.variants: {unknown_name('carrier', unknown[0], rows.carriers)}")
    for objective, carrier in product(rows.objectives, rows.carriers):
        for variant in rows.variants_of(carrier):
            if variant and variant not in study.variants:
                raise BadInput(f"config.grid: {unknown_name('variant', variant, study.variants)}")
            found = method(study, rows.benchmark, rows.model, objective, carrier, variant)
            check_method(study, rows, found, benchmark, f"{objective} x {carrier}")


def check_method(study: Resolved, rows: Rows, found: Method, benchmark: Benchmark, place: str) -> None:
    """What an objective on a carrier must satisfy beyond the range of each key."""
    objective, carrier, training, texts = found
    own, held = objective_source(study, objective.name).facts, carrier_source(study, carrier.name).facts
    where = f"objectives.{objective.name} ({place})"
    edits = held["TRAINS"] == EDITS
    reads, states = own.get("READS", ("answers",)), own.get("STATES", False)
    stream = benchmark.stream(edits, study.conventions.retain_sampling, {})
    offered = facts.facts(facts.file_of(STREAM, stream.kind))["OFFERS"]
    if set(reads) - set(offered):
        lacking = ", ".join(sorted(set(reads) - set(offered)))
        raise BadInput(
            f"config.grid: {objective.name} reads {lacking}, which benchmark {rows.benchmark!r} has none of; take another."
        )
    if objective.reduction in ("pooled", "pairs") and tuple(reads) != ("refusals",):
        raise BadInput(
            f"{where}.reduction: got {objective.reduction!r}, one mean over refusals and retain rows, which needs an objective that reads "
            "refusals alone; expected token or sequence."
        )
    if (states and objective.retain not in ("none", "match")) or (not states and objective.retain == "match"):
        raise BadInput(
            f"{where}.retain: got {objective.retain!r}; match goes with objectives that read hidden states, and those with match or none."
        )
    if not any(
        (objective.forget_weight, objective.retain_weight * (objective.retain != "none"), carrier.get("gate_weight"))
    ):
        raise BadInput(f"{where}: forget_weight, retain_weight and gate_weight are all 0: nothing would be trained.")
    check_reached(objective, carrier, held, where)
    together = held.get("TOGETHER", ())
    given = [key for key in together if carrier.get(key) is not None]
    if given and len(given) < len(together):
        raise BadInput(
            f"carriers.{carrier.name} ({place}): {' and '.join(together)} go together; got {given[0]} alone."
        )
    if not held.get("DECAYS", True) and training.weight_decay:
        raise BadInput(
            f"training.{carrier.name}.weight_decay: got {training.weight_decay}, expected 0: decay turns the "
            "orthogonal rotation into zero after one step."
        )
    check_micro_batches(objective, training, f"training.{carrier.name}.accumulation ({place})")
    if texts:
        if "texts" not in type(stream).model_fields:
            raise BadInput(f"overrides.texts ({place}): benchmark {rows.benchmark!r} has no corpora to cut.")
        unknown = [key for key in texts if key not in type(stream).model_fields["texts"].annotation.model_fields]  # type: ignore[union-attr]
        if unknown:
            raise BadInput(
                f"overrides.texts ({place}): {unknown_name('key', unknown[0], type(stream).model_fields['texts'].annotation.model_fields)}"
            )  # type: ignore[union-attr]
    check_training(training, f"training.{carrier.name} ({place})")


def check_micro_batches(objective: ObjectiveSpec, training: Training, where: str) -> None:
    """They are not left to the plan where the loss follows from them."""
    if training.accumulation is None and reads_padding(objective):
        raise BadInput(
            f"{where}: got null, which leaves micro-batches to the plan, and {objective.name} reads "
            "padding, of which they decide how much there is (kl_positions or rmu_positions: all); give a number."
        )


def check_reached(objective: ObjectiveSpec, carrier: CarrierSpec, held: dict[str, Any], where: str) -> None:
    """A term that reads the states of a block reaches nothing that acts behind it."""
    layer = objective.get("layer") if reads_states(objective) else None
    acting = [
        block for key, word in held.get("LIMITS", {}).items() if word == "blocks" for block in carrier.get(key) or ()
    ]
    if layer is not None and acting and min(acting) > layer:
        raise BadInput(
            f"{where}.layer: got {layer}, expected {min(acting)} or more: carrier {carrier.name} acts at blocks "
            f"{', '.join(map(str, acting))}, which the states of block {layer} do not depend on."
        )


def check_overrides(study: Resolved) -> None:
    """A name in `where` that stands for nothing is refused: its settings would never apply."""
    known = {
        "benchmark": {*study.benchmarks, *(spec.kind for spec in study.resolved)},
        "model": set(study.models),
        "objective": {*study.objectives, *facts.names(OBJECTIVE)},
        "carrier": {*study.carriers, *facts.names(CARRIER)},
    }
    for number, override in enumerate(study.overrides):
        for key, value in override.where.items():
            if value not in known[key]:
                raise BadInput(f"config.overrides[{number}].where.{key}: {unknown_name(key, value, known[key])}")
