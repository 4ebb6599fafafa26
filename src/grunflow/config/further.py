"""What a study asks of finished runs beyond scoring them, held against the study: names, relations, whether it concerns a run."""

import re

from grunflow.benchmarks.base import RETAIN
from grunflow.config import attacks, sequences
from grunflow.config.base import NAME, NAMED
from grunflow.config.conditions import is_put_to, looks_beside
from grunflow.config.methods import carrier_source, condition_of, condition_source
from grunflow.config.resolve import PLAIN
from grunflow.config.runs import Part, parts
from grunflow.config.sheet import check_training
from grunflow.config.strengths import along
from grunflow.config.study import Concerned, Resolved
from grunflow.config.typed import typed
from grunflow.config.where import check_where
from grunflow.errors import BadInput, shown


def check_further(study: Resolved) -> None:
    """Refuse an attack or a sequence that has no meaning, or that no run of the grid is concerned by, and a `where` of nothing."""
    check_names(study)
    for name, keys in study.conditions.items():
        place = f"config.conditions.{name}"
        check_where(study, typed(Concerned, {"where": keys.get("where") or {}}, place).where, place)
    every = parts(study) if study.attacks or study.sequences or study.conditions else []
    _check_beside(study, every)
    _check_sequences(study, every)
    for name, attack in study.attacks.items():
        where = f"config.attacks.{name}"
        source = carrier_source(study, attack.carrier)
        needed = [key for key, value in source.facts.get("PARAMETERS", {}).items() if value is None]
        needed = [key for key in needed if key not in source.facts.get("OPTIONAL", ())]
        if attack.attacker == "tuned" and attack.carrier not in study.carriers and needed:
            raise BadInput(
                f"{where}.carrier: got {attack.carrier!r}, a kind; expected one carrier of the study, whose keys the retain model's has: "
                f"{', '.join(sorted(study.carriers))}."
            )
        check_where(study, attack.where, where)
        _check_steps(attack.steps, where)
        _check_attacker_training(study, name, where)
        on = [part for part in every if any(attacks.fits(part, run, attack) for run in part.grid)]
        if not on:
            raise BadInput(
                f"{where}: no run of the grid is one that it may be put to; change `where`, `attacker` or `carrier`."
            )
        if attack.learns == "held_out":
            _check_questions(on, f"{where}.learns: got 'held_out'")


def _check_beside(study: Resolved, every: list[Part]) -> None:
    """A condition that looks beside a run finds one target model for each retain model."""
    for name in study.conditions:
        if not looks_beside(condition_source(study, name)):
            continue
        if along(condition_of(study, name)):
            raise BadInput(
                f"config.conditions.{name}.strengths: a condition that reads the target and the retain model beside a run is asked once; "
                "give it one strength."
            )
        for part in every:
            seeds = {
                run.model: {item.target_seed for item in part.grid if item.model == run.model} for run in part.grid
            }
            for run in part.grid:
                several = part.published(run.model, RETAIN) and len(seeds[run.model]) > 1
                if several and is_put_to(part, run, name):
                    raise BadInput(
                        f"config.conditions.{name}: the one finished retain model of {run.model!r} would stand beside target models of "
                        f"{len(seeds[run.model])} seeds; give all replicates one target_seed, or leave the model out by `where`."
                    )


def _check_sequences(study: Resolved, every: list[Part]) -> None:
    for name, sequence in study.sequences.items():
        where = f"config.sequences.{name}"
        check_where(study, sequence.where, where)
        if not any(sequences.fits(part, run, sequence) for part in every for run in part.grid):
            raise BadInput(
                f"{where}: no method of the grid may unlearn so (it takes a benchmark that trains on questions, and `summed` carriers that "
                "edit); change `where` or `how`."
            )
        for part in every:
            if not any(sequences.fits(part, run, sequence) for run in part.grid):
                continue
            rows = part.benchmark.rows.get(sequences.requested(part), sequence.requests)
            if sequence.requests > rows:
                raise BadInput(
                    f"{where}.requests: got {sequence.requests}, expected at most {rows}: benchmark {part.name!r} has so many rows to forget."
                )


def check_names(study: Resolved) -> None:
    """Rows of one table are told apart by these names."""
    taken: dict[str, str] = {PLAIN: "conditions"}
    for key in ("conditions", "attacks", "sequences"):
        for name in getattr(study, key):
            if not re.fullmatch(NAME, name):
                raise BadInput(f"config.{key}: got name {shown(name)}, expected {NAMED}.")
            if taken.get(name, key) != key:
                raise BadInput(f"config.{key}.{name}: {taken[name]} have one of that name; give it another.")
            taken[name] = key


def _check_steps(steps: tuple[int, ...], where: str) -> None:
    if list(steps) != sorted(set(steps)) or not max(steps):
        raise BadInput(f"{where}.steps: got {list(steps)}, expected rising numbers, the last of them 1 or more.")


def _check_attacker_training(study: Resolved, name: str, where: str) -> None:
    attack = study.attacks[name]
    given = {"steps", "epochs"} & attack.training.keys()
    if given:
        raise BadInput(
            f"{where}.training.{min(given)}: the attack takes as many steps as {where}.steps ends with; leave it out."
        )
    training = attacks.training(attack, where)
    check_training(training, f"{where}.training")
    if training.weight_decay and not carrier_source(study, attack.carrier).facts.get("DECAYS", True):
        raise BadInput(
            f"{where}.training.weight_decay: got {training.weight_decay}, expected 0: decay turns the orthogonal rotation into zero "
            "after one step."
        )


def _check_questions(on: list[Part], got: str) -> None:
    """Parts of a forget set can be told apart where it is trained on and asked question by question."""
    for part in on:
        if not sequences.by_question(part.benchmark):
            raise BadInput(
                f"{got}, but benchmark {part.name!r} trains on texts, of which no question is one; leave it out by `where`."
            )
