"""The study's config file, typed. Every key has its meaning here; config/README.md is written from it."""

from typing import Any, Literal

from pydantic import Field

from grunflow.config.checks import check_method
from grunflow.config.conventions import PRESETS, Conventions
from grunflow.config.grid_checks import check_grid, check_models, check_wmdp
from grunflow.config.names import CARRIERS, FORGET_SPLITS, GPUS, OBJECTIVES
from grunflow.config.pins import pinned, read_pins
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
from grunflow.config.wmdp import Texts, Wmdp
from grunflow.errors import BadInput, unknown_name


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
    """Where objective, carrier, model and benchmark match, set keys of objective, carrier, training or texts."""

    where: dict[Literal["objective", "carrier", "model", "benchmark"], str]
    objective: dict[str, Any] = {}
    carrier: dict[str, Any] = {}
    training: dict[str, Any] = {}
    texts: dict[str, Any] = Field({}, description="of the WMDP part")


class Study(Strict):
    study: str = Field(pattern=r"^[a-z0-9_]+$", description="name of the folder under results/")
    title: str
    world: World | None = Field(None, description="the generated world; this or `tofu`")
    tofu: Tofu | None = Field(None, description="the real benchmark; this or `world`")
    conventions: Conventions = Conventions()
    vocabulary: int = Field(1536, ge=300)
    models_sheet: str = Field(description="YAML file of models, a mapping name -> row")
    revisions: str | None = Field(None, description="file of commits that `grunflow prefetch --pin` writes")
    forget_split: str = "forget10"
    seeds: tuple[Seeds, ...] = Field(min_length=1)
    grid: tuple[Rows, ...] = Field(min_length=1)
    objectives: dict[str, dict[str, Any]]
    carriers: dict[str, dict[str, Any]]
    training: dict[str, dict[str, Any]] = Field(description="carrier -> how it is trained")
    overrides: tuple[Override, ...] = ()
    wmdp: Wmdp | None = Field(None, description="the WMDP part; null: none")
    variants: dict[str, dict[str, dict[str, Any]]] = Field(
        {}, description="name -> keys of objective, carrier, training that a grid's variant sets"
    )
    snapshots: Snapshots = Snapshots()
    engine: Literal["fast", "plain"] = Field("fast", description="reft and grun: train on cached frozen states or not")
    published_logs: tuple[PublishedLog, ...] = ()
    published: tuple[str, ...] = Field((), description="CSV files of published numbers, for the ledger")
    claims: str | None = Field(None, description="YAML file of claims; null: none")
    replayed: int = Field(0, ge=0)
    max_new_tokens: int = Field(64, ge=1)
    evaluation_batch_size: int = Field(64, ge=1, description="changes speed and memory, not scores")
    keep: Literal["all", "adapters", "none"] = Field(
        "all", description="trained carriers that stay once they are scored: adapters are those of lora, reft, grun"
    )
    gpu: str = Field("a100-80gb", description="kind of GPU that requests and plans reckon with; changes no score")
    models: dict[str, Model] = Field(default={}, description="filled from models_sheet; not a key of the file")

    def known(self, kind: str, name: str) -> None:
        """Refuse a name outside its table."""
        tables = {
            "objective": OBJECTIVES,
            "carrier": CARRIERS,
            "model": self.models,
            "forget split": FORGET_SPLITS,
            "gpu": GPUS,
        }
        if name not in tables[kind]:
            raise BadInput(unknown_name(kind, name, tables[kind]))

    def loaded(self, name: str) -> Model:
        """The model's row without how it is trained: all that a stage which loads it depends on."""
        return self.models[name].model_copy(update={"base": None, "target": None, "replayed": 0})

    def keeps(self, carrier: str) -> bool:
        """Whether what this carrier trained stays once nothing more is to read it."""
        return self.keep == "all" or (self.keep == "adapters" and carrier != "full")

    def template(self, carrier: str) -> str:
        """Prompt template that a run of this carrier ("" for target and retain) is trained and evaluated with."""
        if carrier in ("reft", "grun"):
            return self.conventions.edit_template
        return self.conventions.baseline_template if carrier else self.conventions.finetune_template

    def method(
        self, model: str, objective: str, carrier: str, variant: str = "", benchmark: str = "tofu"
    ) -> tuple[Objective, Carrier, Training]:
        """Defaults of the objective and of the carrier, every matching override in order, then the variant."""
        parts = {
            "objective": {"name": objective, **self.objectives.get(objective, {})},
            "carrier": {"name": carrier, **self.carriers.get(carrier, {})},
            "training": dict(self.training.get(carrier, {})),
        }
        for override in self._overrides(model, objective, carrier, benchmark):
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
        check_method(checked_objective, checked_carrier, training, self.models[model], benchmark)
        return checked_objective, checked_carrier, training

    def texts(self, model: str, objective: str, carrier: str) -> Texts:
        """How the WMDP part cuts texts for a method: its defaults and every matching override."""
        assert self.wmdp is not None
        values = self.wmdp.texts.model_dump()
        for override in self._overrides(model, objective, carrier, "wmdp"):
            values |= override.texts
        return typed(Texts, values, f"overrides.texts ({objective} x {carrier})")

    def _overrides(self, model: str, objective: str, carrier: str, benchmark: str) -> list[Override]:
        here = {"model": model, "objective": objective, "carrier": carrier, "benchmark": benchmark}
        return [
            override
            for override in self.overrides
            if all(here.get(key) == value for key, value in override.where.items())
        ]


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
    if pins := read_pins(study.revisions):
        study = Study.model_validate(pinned(study.model_dump(), pins))
    if (study.world is None) == (study.tofu is None):
        raise BadInput("config: give exactly one of world (the generated data) and tofu (the benchmark).")
    study.known("forget split", study.forget_split)
    study.known("gpu", study.gpu)
    for kind, names in (("objective", study.objectives), ("carrier", {**study.carriers, **study.training})):
        for name in names:
            study.known(kind, name)
    check_models(study)
    check_grid(study)
    if study.wmdp:
        check_wmdp(study, study.wmdp)
    return study
