"""Study -> runs and the spec of every job. Rule files look specs up here by their wildcards."""

from dataclasses import dataclass, replace
from itertools import product

from grunflow.config import specs
from grunflow.config.study import Study
from grunflow.data.splits import TOFU_ROWS


@dataclass(frozen=True)
class Run:
    """One model that is evaluated. Its path under results/{study}/runs/ is its identity."""

    model: str
    forget_split: str
    objective: str  # "target" and "retain" are the two reference models
    carrier: str
    target_seed: int
    unlearn_seed: int | None
    variant: str = ""  # a named change of settings, in a tuning study

    @property
    def is_reference(self) -> bool:
        return self.unlearn_seed is None

    @property
    def path(self) -> str:
        """E.g. tiny/forget10/gd_grun_t0_u1, tiny/forget10/retain_t0."""
        if self.is_reference:
            return f"{self.model}/{self.forget_split}/{self.objective}_t{self.target_seed}"
        method = "_".join(filter(None, (self.objective, self.carrier, self.variant)))
        return f"{self.model}/{self.forget_split}/{method}_t{self.target_seed}_u{self.unlearn_seed}"


def unlearn_runs(study: Study) -> list[Run]:
    runs = [
        Run(rows.model, study.forget_split, objective, carrier, seeds.target_seed, seeds.unlearn_seed, variant)
        for rows in study.grid
        for objective, carrier in product(rows.objectives, rows.carriers)
        for variant in rows.variants_of(carrier)
        for seeds in study.seeds
    ]
    return list(dict.fromkeys(runs))


def all_runs(study: Study) -> list[Run]:
    """Reference rows first, then the grid, in the config's order."""
    unlearned = unlearn_runs(study)
    references = [
        replace(run, objective=role, carrier="", unlearn_seed=None, variant="")
        for role in ("target", "retain")
        for run in unlearned
    ]
    return list(dict.fromkeys(references)) + unlearned


def by_path(study: Study) -> dict[str, Run]:
    return {run.path: run for run in all_runs(study)}


def prepare_data_spec(study: Study) -> specs.PrepareData:
    return specs.PrepareData(world=study.world, tofu=study.tofu, vocabulary=study.vocabulary)


def data_files(study: Study) -> tuple[str, ...]:
    """Files that prepare_data reads where the benchmark lies in a folder."""
    if study.tofu is None:
        return ()
    splits = [f"{study.tofu.folder}/{split}.json" for split in TOFU_ROWS] if study.tofu.folder else []
    return (*splits, *filter(None, [study.tofu.refusals]))


def finetune_spec(study: Study, model: str, role: str, seed: int) -> specs.Finetune:
    """Role base ignores the study's seeds; target sees everything, so only retain names a forget split.

    Each role has its own training only: another rate for the target model trains no base again.
    """
    split = study.forget_split if role == "retain" else None
    row = study.models[model]
    trained = {"base": row.base} if role == "base" else {"target": row.target, "replayed": row.replayed}
    return specs.Finetune(
        model=study.loaded(model).model_copy(update=trained),
        role=role,
        template=study.conventions.finetune_template,
        forget_split=split,
        seed=row.base_seed if role == "base" else seed,
    )


def unlearn_spec(study: Study, run: Run) -> specs.Unlearn:
    objective, carrier, training = study.method(run.model, run.objective, run.carrier, run.variant)
    return specs.Unlearn(
        model=run.model,
        dtype=study.models[run.model].dtype,
        variant=run.variant,
        template=study.template(run.carrier),
        retain_sampling=study.conventions.retain_sampling,
        engine=study.engine,
        snapshots=study.snapshots,
        max_new_tokens=study.max_new_tokens,
        forget_split=run.forget_split,
        objective=objective,
        carrier=carrier,
        training=training,
        replayed=study.replayed,
        target_seed=run.target_seed,
        unlearn_seed=run.unlearn_seed or 0,
    )


def first_edited(study: Study, run: Run) -> int | None:
    """The block from which on the run trains on cached states; None where it trains on the plain path.

    What only a loaded model can tell (architecture, window) is left to training/engine.py, which says so in the log.
    """
    if study.engine == "plain" or run.carrier not in ("reft", "grun"):
        return None
    objective, carrier, _ = study.method(run.model, run.objective, run.carrier, run.variant)
    if objective.name == "rmu" or objective.kl_positions == "all":
        return None
    return min(carrier.layers or (0,))


def frozen_states_spec(study: Study, model: str, target_seed: int, first: int) -> specs.CacheFrozenStates:
    return specs.CacheFrozenStates(
        model=model,
        dtype=study.models[model].dtype,
        template=study.template("grun"),
        forget_split=study.forget_split,
        first=first,
        retain_sampling=study.conventions.retain_sampling,
        replayed=study.replayed > 0,
        target_seed=target_seed,
    )


def evaluate_spec(study: Study, run: Run) -> specs.Evaluate:
    return specs.Evaluate(
        run=run.path,
        engine=study.engine,
        dtype=study.models[run.model].dtype,
        template=study.template(run.carrier),
        forget_split=run.forget_split,
        max_new_tokens=study.max_new_tokens,
    )


def aggregate_spec(study: Study) -> specs.Aggregate:
    rows = tuple(
        specs.RunRow(
            run=run.path,
            model=run.model,
            forget_split=run.forget_split,
            objective=run.objective,
            carrier=run.carrier,
            variant=run.variant,
            target_seed=run.target_seed,
            unlearn_seed=run.unlearn_seed,
        )
        for run in all_runs(study)
    )
    return specs.Aggregate(runs=rows, published_logs=study.published_logs)


def origin(study: Study) -> str:
    """What made the numbers: it stands in every caption."""
    scratch = all(study.models[rows.model].repo is None for rows in study.grid)
    data = "a generated world" if study.world else "the TOFU text"
    if scratch:
        return f"Tiny study: models trained from scratch on {data}, not the paper's result"
    return f"Models fine-tuned on {data}"


def wmdp_origin(study: Study) -> str:
    """The same for the WMDP part; empty without one."""
    if study.wmdp is None:
        return ""
    if study.wmdp.sources.craft:
        return "Tiny study: a model trained from scratch on benign made-up domains, not the paper's result"
    return "Hub models on the WMDP corpora"


def _captions(study: Study) -> dict[str, str]:
    return {"study": study.study, "origin": origin(study), "wmdp_origin": wmdp_origin(study)}


def tables_spec(study: Study) -> specs.Tables:
    return specs.Tables(**_captions(study), published=study.published)


def claims_spec(study: Study) -> specs.Claims:
    assert study.claims is not None
    return specs.Claims(study=study.study, claims=study.claims)


def figures_spec(study: Study) -> specs.Figures:
    return specs.Figures(**_captions(study))


def report_spec(study: Study) -> specs.Report:
    return specs.Report(**_captions(study), title=study.title)
