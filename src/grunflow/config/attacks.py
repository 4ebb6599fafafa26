"""Attacks: which finished runs a study trains further, how, and what stands in their specs.

Every attack is put to the retain model as well, the reference: it never knew what the attacker has rows of, so that what it
learns from them is no recovery. What is `tuned` of a run is there a new carrier of the same kind.
"""

from collections.abc import Iterator
from typing import Any

from grunflow.benchmarks.base import RETAIN
from grunflow.config import resolve, specs
from grunflow.config.methods import carrier_of, carrier_source
from grunflow.config.parts import CarrierSpec, ObjectiveSpec, Training
from grunflow.config.references import goes_with
from grunflow.config.runs import Part, Run
from grunflow.config.sets import Paired, Picked, StreamSpec
from grunflow.config.study import Relearning
from grunflow.config.terms import WEIGHTS
from grunflow.config.typed import typed
from grunflow.config.where import is_on

LEARN = "learn"  # the attacker's objective (objectives/learn.py)
STEADY = {
    "schedule": "constant",
    "warmup_fraction": 0.0,
}  # so that so many steps of one attack are an attack of so many


def fits(part: Part, run: Run, attack: Relearning) -> bool:
    """Whether an attack means something for a run that a method trained."""
    source = carrier_source(part.study, run.carrier)
    if attack.attacker == "tuned" and attack.carrier not in (run.carrier, source.kind):
        return False
    if attack.attacker == "removed" and source.facts["TRAINS"] == WEIGHTS:
        return False  # nothing is left of the model before
    return is_on(part, run, attack.where)


def attacked(part: Part) -> Iterator[tuple[Run, str]]:
    """Every run that is attacked, with the attack's name: those of methods, and the retain models that they may be held against."""
    for name, attack in part.study.attacks.items():
        runs = [run for run in part.unlearned if fits(part, run, attack)]
        yield from (
            (model, name)
            for model in part.references
            if model.objective == RETAIN and any(goes_with(model, run) for run in runs)
        )
        yield from ((run, name) for run in runs)


def attacks_on(part: Part, run: Run) -> list[str]:
    """Names of the attacks on a run."""
    return [name for other, name in attacked(part) if other == run]


def teaches_again(attack: Relearning) -> bool:
    """Whether a run as it is learns some of what it forgot: by such attacks metrics are tried."""
    return attack.attacker == "over" and attack.learns != "retain"


def attack(part: Part, run: Run, name: str) -> specs.Attack:
    """The spec of one attack. Texts are in the form of the evaluation, the same for every run."""
    study, own = part.study, part.study.attacks[name]
    where = f"config.attacks.{name}"
    template = study.conventions.form(study.conventions.evaluation_template)
    attacker = "over" if run.is_reference else own.attacker
    lies_beneath = resolve.chain(part, run)
    return specs.Attack(
        called=name,
        run=run.path,
        attacker=attacker,
        benchmark=part.name,
        model=part.loaded(run),
        split=run.split,
        variant=run.variant,
        beneath=lies_beneath if attacker == "over" else lies_beneath[:-1],
        stream=stream(part, run, own),
        template=template,
        engine=study.engine,
        max_new_tokens=study.max_new_tokens,
        objective=ObjectiveSpec(name=LEARN, kind=LEARN, retain="none"),
        carrier=carrier(part, run, own, where),
        training=training(own, where),
        target_seed=run.target_seed,
        unlearn_seed=run.unlearn_seed if run.unlearn_seed is not None else run.target_seed or 0,
        probes=part.benchmark.probes,
        asked=own.steps,
        unseen=own.learns == "held_out",
    )


def carrier(part: Part, run: Run, own: Relearning, where: str) -> CarrierSpec:
    """What the attacker trains. Gates open by its loss alone: their own would need texts to close on."""
    if own.attacker == "tuned" and not run.is_reference:
        found = part.method(run).carrier
    else:
        found = carrier_of(part.study, part.name, run.model, LEARN, own.carrier, f"{where}.carrier")
    return found.model_copy(update={"gate_weight": 0.0}) if found.get("gate_weight") else found


def stream(part: Part, run: Run, own: Relearning) -> StreamSpec:
    """What the attacker reads."""
    edits = not run.is_reference and part.edits(run)
    texts = {} if run.is_reference else part.method(run).texts
    return to_learn(part.benchmark.stream(edits, "fresh", texts), own)


def to_learn(usual: StreamSpec, own: Relearning) -> StreamSpec:
    """What an attacker reads of what unlearning does: of questions the picked ones, of corpora the first texts of each (a part of
    the forget set that is asked is none of corpora's: config/further.py)."""
    if isinstance(usual, Paired):
        parted = {"parts": own.parts, "last": own.parts - 1} if own.learns == "held_out" else {}
        file = usual.retain if own.learns == "retain" else usual.forget
        picked = Picked(rows=own.rows, **parted)
        return Paired(forget=file, retain=usual.retain, refusals=usual.refusals, picked=picked)
    files = {"retain": usual.retain} if own.learns == "retain" else usual.forget
    texts = usual.texts.model_copy(update={"samples": own.rows or usual.texts.samples})
    return usual.model_copy(update={"forget": files, "texts": texts})


def training(own: Relearning, where: str) -> Training:
    keys: dict[str, Any] = {**STEADY, **own.training, "steps": max(own.steps)}
    return typed(Training, keys, f"{where}.training")
