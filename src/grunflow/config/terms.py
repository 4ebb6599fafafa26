"""What a method's spec says of how it is run: what its carrier trains, the batches of a step, what is read of the model before
unlearning, the fast path, sharding. It follows from the facts of its files, so that a job is planned without torch.

Of an objective in a file of the user's own a spec holds no facts: it is taken for one that reads answers and the reference's
logits. That of a carrier is taken for one that trains every weight, on one process.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from grunflow.config import facts
from grunflow.config.facts import CARRIER, OBJECTIVE, PACKAGE, fact_of
from grunflow.config.forms import training_of
from grunflow.config.parts import CarrierSpec, ObjectiveSpec

# What a carrier's file says that it trains.
WEIGHTS, ADAPTERS, EDITS = ("weights", "adapters", "edits")
RETAIN, STATES = (PACKAGE / "objectives" / f"{name}.py" for name in ("retain", "states"))


@dataclass(frozen=True)
class Terms:
    """What the terms of an objective read in a step.

    forgotten: batches of forget texts, `refused` of them with refusals for answers. kept: whether a batch of retain rows is run, for the retain term or the gate.
    forget_reference, retain_reference: what the terms read of the model before unlearning ("", nll, logits, states). layer:
    the block whose states they read in place of logits; None: they read logits.
    """

    forgotten: int
    kept: bool
    forget_reference: str
    retain_reference: str
    layer: int | None
    refused: int = 0

    @property
    def batches(self) -> int:
        return self.forgotten + self.kept

    def is_copied(self, engine: str) -> bool:
        """Whether training asks the model before unlearning at every step. The fast engine computes summed NLLs once."""
        known = {self.forget_reference, self.retain_reference} - {""}
        return bool(known) and not (engine == "fast" and known == {"nll"})


def terms_of(objective: ObjectiveSpec, carrier: CarrierSpec) -> Terms:
    retained = facts.facts(RETAIN)["READS"][objective.retain]
    read = _fact(objective, "READS", ("answers",))
    return Terms(
        len(read),
        objective.retain != "none" or bool(carrier.get("gate_weight")),
        _fact(objective, "REFERENCE", "") if objective.kind else "logits",
        retained,
        objective.get("layer") if reads_states(objective) else None,
        read.count("refusals"),
    )


def reads_states(objective: ObjectiveSpec) -> bool:
    """Whether its terms read hidden states: every such objective has the keys of objectives/states.py."""
    if objective.kind:
        return bool(_fact(objective, "STATES", False))
    return all(objective.get(key) is not None for key in facts.facts(STATES)["PARAMETERS"])


def _fact(objective: ObjectiveSpec, fact: str, default: Any) -> Any:
    return fact_of(OBJECTIVE, objective.kind, fact, default) if objective.kind else default


def trained_by(carrier: CarrierSpec) -> str:
    """What a carrier trains; one of the user's own file is taken for the dearest kind."""
    return fact_of(CARRIER, carrier.kind, "TRAINS", WEIGHTS) if carrier.kind else WEIGHTS


def whole_at(carriers: Iterable[tuple[str, bool]]) -> int | None:
    """Of carriers in order (what each trains, whether it saves a whole model) the last that saved all weights as they then were, so
    that what lies beneath need not be read but for edits; None where adapters come first, or weights that are saved otherwise."""
    found = None
    for number, (trains, whole) in enumerate(carriers):
        if trains == ADAPTERS or (trains == WEIGHTS and not whole):
            break
        found = number if trains == WEIGHTS else found
    return found


def reads_padding(objective: ObjectiveSpec) -> bool:
    """Whether a mean is taken over padding too, which follows from the rows that are run at once."""
    states = reads_states(objective) and objective.get("rmu_positions") == "all"
    return states or (objective.kl_positions == "all" and facts.facts(RETAIN)["READS"][objective.retain] == "logits")


def plain_because(objective: ObjectiveSpec, carriers: Sequence[CarrierSpec], engine: str) -> str | None:
    """Why the last of `carriers` is not trained by the fast engine, on cached states of the model below it; None where it is, as
    far as a spec can tell: of a model that cannot be packed only the loaded one knows."""
    edits = [trained_by(carrier) == EDITS for carrier in carriers]
    if engine == "fast" and not edits[-1]:
        return f"carrier {carriers[-1].name} does more than edit block outputs"
    return padded_because(objective, carriers, engine)


def padded_because(
    objective: ObjectiveSpec, carriers: Sequence[CarrierSpec], engine: str, packable: bool | None = None
) -> str | None:
    """Why a run's whole texts are padded where one process trains it; None where they are packed, as far as the method tells: the
    loaded model has a word, too (training/text_pack.py). packable: of loaded carriers, which know of the user's own; None: as their
    kinds say."""
    if engine != "fast":
        return f"engine is {engine}"
    if not (_packable(carriers) if packable is None else packable):
        return "more acts on the model than one carrier's edits"
    if reads_states(objective):
        return "the objective reads hidden states"
    if reads_padding(objective):
        return "kl_positions is all: more is read than labelled positions"
    return None


def _packable(carriers: Sequence[CarrierSpec]) -> bool:
    edits = [trained_by(carrier) == EDITS for carrier in carriers]
    kinds = [carrier.kind and fact_of(CARRIER, carrier.kind, "PACKABLE", False) for carrier in carriers]
    return all(kinds) and sum(edits) < 2


def alone_because(spec: Any) -> str | None:
    """Why a training job's spec may not be shared by several processes; None where it may (models/sharding.py)."""
    carrier, objective = getattr(spec, "carrier", None), getattr(spec, "objective", None)
    training = spec.training if carrier else training_of(spec.model, spec.role)
    if training and training.precision == "kahan":
        return "precision is kahan, which is for one GPU"
    if carrier and not (carrier.kind and fact_of(CARRIER, carrier.kind, "SHARDABLE", False)):
        return f"carrier {carrier.name} is trained on one process"
    beneath = [
        item.name
        for item in getattr(spec, "beneath", ())
        if not (item.kind and fact_of(CARRIER, item.kind, "SHARDABLE", False))
    ]
    if beneath:
        return f"it is trained on top of carrier {beneath[0]}, which stays on one process"
    if objective and reads_states(objective):
        return f"{objective.name}'s passes end behind the block that it reads, which FSDP cannot"
    return None
