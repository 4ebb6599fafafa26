"""The study's config file, typed. Every key has its meaning here; config/README.md is written from it."""

from typing import Any

from pydantic import Field

from grunflow.config.conventions import PRESETS, Conventions
from grunflow.config.names import CARRIERS, FORGET_SPLITS, OBJECTIVES
from grunflow.config.specs import (
    Carrier,
    Model,
    Objective,
    PublishedLog,
    Seed,
    Snapshots,
    Strict,
    Tofu,
    Training,
    World,
)
from grunflow.config.typed import read_yaml, typed
from grunflow.errors import BadInput, unknown_name

# Keys of `carriers:` that each carrier needs; any other but gate_loss (grun) is refused.
CARRIER_KEYS = {
    "full": set(),
    "lora": {"rank", "alpha", "dropout"},
    "reft": {"rank", "layers"},
    "grun": {"rank", "layers", "gate", "gate_weight"},
}


class Rows(Strict):
    """Part of the grid: the product of its objectives and carriers."""

    model: str
    objectives: tuple[str, ...] = Field(min_length=1)
    carriers: tuple[str, ...] = Field(min_length=1)
    variants: dict[str, tuple[str, ...]] = Field({}, description="carrier -> names in `variants:`, for tuning")

    def variants_of(self, carrier: str) -> tuple[str, ...]:
        return self.variants.get(carrier, ("",))


class Seeds(Strict):
    """One replicate: target_seed trains target and retain model, unlearn_seed the unlearning."""

    target_seed: Seed
    unlearn_seed: Seed


class Override(Strict):
    """Where objective, carrier or model match, set keys of objective, carrier or training."""

    where: dict[str, str]
    objective: dict[str, Any] = {}
    carrier: dict[str, Any] = {}
    training: dict[str, Any] = {}


class Study(Strict):
    study: str = Field(pattern=r"^[a-z0-9_]+$", description="name of the folder under results/")
    title: str
    world: World | None = Field(None, description="the generated world; this or `tofu`")
    tofu: Tofu | None = Field(None, description="the real benchmark; this or `world`")
    conventions: Conventions = Conventions()
    vocabulary: int = Field(1536, ge=300)
    models_sheet: str = Field(description="YAML file of models, a mapping name -> row")
    forget_split: str = "forget10"
    seeds: tuple[Seeds, ...] = Field(min_length=1)
    grid: tuple[Rows, ...] = Field(min_length=1)
    objectives: dict[str, dict[str, Any]]
    carriers: dict[str, dict[str, Any]]
    training: dict[str, dict[str, Any]] = Field(description="carrier -> how it is trained")
    overrides: tuple[Override, ...] = ()
    variants: dict[str, dict[str, dict[str, Any]]] = Field(
        {}, description="name -> keys of objective, carrier, training that a grid's variant sets"
    )
    snapshots: Snapshots = Snapshots()
    published_logs: tuple[PublishedLog, ...] = ()
    replayed: int = Field(0, ge=0)
    max_new_tokens: int = Field(64, ge=1)
    evaluation_batch_size: int = Field(64, ge=1, description="changes speed and memory, not scores")
    models: dict[str, Model] = Field(default={}, description="filled from models_sheet; not a key of the file")

    def known(self, kind: str, name: str) -> None:
        """Refuse a name outside its table."""
        tables = {
            "objective": OBJECTIVES,
            "carrier": CARRIERS,
            "model": self.models,
            "forget split": FORGET_SPLITS,
        }
        if name not in tables[kind]:
            raise BadInput(unknown_name(kind, name, tables[kind]))

    def template(self, carrier: str) -> str:
        """Prompt template that a run of this carrier ("" for target and retain) is trained and evaluated with."""
        if carrier in ("reft", "grun"):
            return self.conventions.edit_template
        return self.conventions.baseline_template if carrier else self.conventions.finetune_template

    def method(
        self, model: str, objective: str, carrier: str, variant: str = ""
    ) -> tuple[Objective, Carrier, Training]:
        """Defaults of the objective and of the carrier, every matching override in order, then the variant."""
        parts = {
            "objective": {"name": objective, **self.objectives.get(objective, {})},
            "carrier": {"name": carrier, **self.carriers.get(carrier, {})},
            "training": dict(self.training.get(carrier, {})),
        }
        here = {"model": model, "objective": objective, "carrier": carrier}
        for override in self.overrides:
            if all(here[key] == value for key, value in override.where.items()):
                for part in parts:
                    parts[part] |= getattr(override, part)
        for part, values in self.variants.get(variant, {}).items():
            parts[part] |= values
        if carrier == "grun":
            parts["carrier"].setdefault("gate_loss", self.conventions.gate_loss)
        place = f"{objective} x {carrier}"
        checked_objective = typed(Objective, parts["objective"], f"objectives.{objective} ({place})")
        checked_carrier = typed(Carrier, parts["carrier"], f"carriers.{carrier} ({place})")
        training = typed(Training, parts["training"], f"training.{carrier} ({place})")
        _check_method(checked_carrier, training, self.models[model])
        if checked_objective.reduction == "pooled" and objective != "idk":
            raise BadInput(
                f"objectives.{objective}.reduction: got 'pooled', which only idk has (one mean over refusals and retain "
                "rows); expected token or sequence."
            )
        return checked_objective, checked_carrier, training


def _check_method(carrier: Carrier, training: Training, model: Model) -> None:
    given = {key for key, value in carrier.model_dump().items() if value is not None} - {"name", "gate_loss"}
    needed = CARRIER_KEYS[carrier.name]
    if given != needed:
        raise BadInput(
            f"carriers.{carrier.name}: got keys {sorted(given)}, expected exactly {sorted(needed)}. "
            "Add what is missing and remove the rest."
        )
    if carrier.layers and not all(0 <= layer < model.architecture.layers for layer in carrier.layers):
        raise BadInput(
            f"carriers.{carrier.name}.layers: got {list(carrier.layers)}, expected numbers from 0 to "
            f"{model.architecture.layers - 1}, the blocks of model {model.name!r}."
        )
    if carrier.rank and carrier.rank > model.architecture.hidden_size:
        raise BadInput(
            f"carriers.{carrier.name}.rank: got {carrier.rank}, expected at most {model.architecture.hidden_size}, "
            f"the hidden size of model {model.name!r}."
        )
    if carrier.name in ("reft", "grun") and training.weight_decay:
        raise BadInput(
            f"training.{carrier.name}.weight_decay: got {training.weight_decay}, expected 0: decay turns the "
            "orthogonal rotation into zero after one step."
        )
    check_training(training, f"training.{carrier.name}")


def check_training(training: Training, where: str) -> None:
    """Relations between keys that a single key's range cannot say."""
    if (training.steps is None) == (training.epochs is None):
        raise BadInput(f"{where}: give exactly one of steps and epochs; got {training.steps} and {training.epochs}.")
    if training.batch_size % training.accumulation:
        raise BadInput(
            f"{where}.accumulation: got {training.accumulation}, expected a divisor of batch_size "
            f"{training.batch_size}."
        )


def read_study(config: dict[str, Any]) -> Study:
    """Snakemake's config (or a parsed YAML file) -> a checked study.

    Raises:
        BadInput: an unknown key, name or value out of range; the message names the key.
    """
    study = typed(Study, config, "config")
    models = {
        name: typed(Model, {"name": name, **row}, f"{study.models_sheet}: {name}")
        for name, row in read_yaml(study.models_sheet, "config.models_sheet").items()
    }
    given = config.get("conventions") or {}
    conventions = typed(Conventions, PRESETS.get(given.get("preset", ""), {}) | given, "config.conventions")
    study = study.model_copy(update={"models": models, "conventions": conventions})
    if (study.world is None) == (study.tofu is None):
        raise BadInput("config: give exactly one of world (the generated data) and tofu (the benchmark).")
    for variant, parts in study.variants.items():
        for part in parts:
            if part not in ("objective", "carrier", "training"):
                raise BadInput(
                    f"config.variants.{variant}: {unknown_name('key', part, ('objective', 'carrier', 'training'))}"
                )
    study.known("forget split", study.forget_split)
    for kind, names in (("objective", study.objectives), ("carrier", {**study.carriers, **study.training})):
        for name in names:
            study.known(kind, name)
    for rows in study.grid:
        study.known("model", rows.model)
        model = study.models[rows.model]
        if (model.repo is None) == (model.base is None):
            raise BadInput(
                f"{study.models_sheet}: {model.name}: give `base` (training from scratch) or `repo` (a model to load), "
                "one of the two."
            )
        if model.base:
            check_training(model.base, f"{study.models_sheet}: {model.name}.base")
        check_training(model.target, f"{study.models_sheet}: {model.name}.target")
        for objective in rows.objectives:
            study.known("objective", objective)
            for carrier in rows.carriers:
                study.known("carrier", carrier)
                for variant in rows.variants_of(carrier):
                    if variant and variant not in study.variants:
                        raise BadInput(f"config.grid: {unknown_name('variant', variant, study.variants)}")
                    study.method(rows.model, objective, carrier, variant)
    return study
