"""What the rows of a study's grids must satisfy: models that they can be trained on, variants, sources."""

from itertools import product
from typing import TYPE_CHECKING

from grunflow.config.checks import check_training
from grunflow.config.wmdp import Wmdp
from grunflow.errors import BadInput, unknown_name

if TYPE_CHECKING:
    from grunflow.config.study import Study

VARIED = ("objective", "carrier", "training")


def check_models(study: "Study") -> None:
    """Every model of a grid is loaded or trained from scratch, and its training is whole."""
    wmdp_rows = study.wmdp.grid if study.wmdp else ()
    for name in dict.fromkeys([*(rows.model for rows in study.grid), *(rows.model for rows in wmdp_rows)]):
        study.known("model", name)
        model = study.models[name]
        if (model.repo is None) == (model.base is None):
            raise BadInput(
                f"{study.models_sheet}: {model.name}: give `base` (training from scratch) or `repo` (a model to load), "
                "one of the two."
            )
        for role, training in (("base", model.base), ("target", model.target)):
            if training:
                check_training(training, f"{study.models_sheet}: {model.name}.{role}")


def check_grid(study: "Study") -> None:
    """Every row of the TOFU grid, with its variants."""
    for variant, parts in study.variants.items():
        for part in parts:
            if part not in VARIED:
                raise BadInput(f"config.variants.{variant}: {unknown_name('key', part, VARIED)}")
    for rows in study.grid:
        if study.models[rows.model].target is None:
            raise BadInput(
                f"{study.models_sheet}: {rows.model}: a model of the TOFU grid needs `target`, its training."
            )
        for objective, carrier in product(rows.objectives, rows.carriers):
            study.known("objective", objective)
            study.known("carrier", carrier)
            for variant in rows.variants_of(carrier):
                if variant and variant not in study.variants:
                    raise BadInput(f"config.grid: {unknown_name('variant', variant, study.variants)}")
                study.method(rows.model, objective, carrier, variant)


def check_wmdp(study: "Study", wmdp: Wmdp) -> None:
    """Sources, and every row of the WMDP grid."""
    sources = wmdp.sources
    if (sources.craft is None) == (not sources.forget) or (sources.retain is None) == bool(sources.forget):
        raise BadInput("wmdp.sources: give craft (generated domains), or forget and retain (corpora), one of the two.")
    for rows in wmdp.grid:
        scratch = study.models[rows.model].repo is None
        if scratch and sources.craft is None:
            raise BadInput(f"wmdp.grid: model {rows.model!r} is trained from scratch, which needs wmdp.sources.craft.")
        if scratch and rows.model in {other.model for other in study.grid}:
            raise BadInput(
                f"wmdp.grid: model {rows.model!r} is in the TOFU grid too: a model from scratch learns one world; "
                f"add another row to {study.models_sheet}."
            )
        for objective, carrier in product(rows.objectives, rows.carriers):
            study.known("objective", objective)
            study.known("carrier", carrier)
            study.method(rows.model, objective, carrier, benchmark="wmdp")
            study.texts(rows.model, objective, carrier)
