"""Study -> runs and specs of the WMDP part. Rule files look specs up here by their wildcards."""

from dataclasses import dataclass
from itertools import product

from grunflow.config.study import Study
from grunflow.config.wmdp import AggregateWmdp, EvaluateWmdp, PrepareCorpora, UnlearnWmdp, WmdpRow


@dataclass(frozen=True)
class WmdpRun:
    """One model that is evaluated; objective `base` is the untouched model."""

    model: str
    objective: str
    carrier: str = ""
    unlearn_seed: int | None = None

    @property
    def path(self) -> str:
        """E.g. tiny-wmdp/wmdp/rmu_grun_u1, tiny-wmdp/wmdp/base."""
        method = "base" if self.unlearn_seed is None else f"{self.objective}_{self.carrier}_u{self.unlearn_seed}"
        return f"{self.model}/wmdp/{method}"


def all_runs(study: Study) -> list[WmdpRun]:
    """The untouched models first, then the grid, in the config's order."""
    if study.wmdp is None:
        return []
    unlearned = [
        WmdpRun(rows.model, objective, carrier, seed)
        for rows in study.wmdp.grid
        for objective, carrier in product(rows.objectives, rows.carriers)
        for seed in study.wmdp.seeds
    ]
    return list(dict.fromkeys([*(WmdpRun(run.model, "base") for run in unlearned), *unlearned]))


def by_path(study: Study) -> dict[str, WmdpRun]:
    return {run.path: run for run in all_runs(study)}


def prepare_spec(study: Study) -> PrepareCorpora:
    assert study.wmdp is not None
    return PrepareCorpora(sources=study.wmdp.sources, tasks=study.wmdp.tasks, vocabulary=study.vocabulary)


def corpus_files(study: Study) -> tuple[str, ...]:
    """Local files among the sources, which prepare_corpora reads."""
    assert study.wmdp is not None
    sources = study.wmdp.sources
    every = [*sources.forget.values(), sources.retain, *sources.summaries.values(), sources.retain_summaries,
             *sources.questions.values()]  # fmt: skip
    return tuple(source.file for source in every if source and source.file)


def unlearn_spec(study: Study, run: WmdpRun) -> UnlearnWmdp:
    objective, carrier, training = study.method(run.model, run.objective, run.carrier, benchmark="wmdp")
    return UnlearnWmdp(
        model=study.loaded(run.model),
        objective=objective,
        carrier=carrier,
        training=training,
        texts=study.texts(run.model, run.objective, run.carrier),
        unlearn_seed=run.unlearn_seed or 0,
    )


def evaluate_spec(study: Study, run: WmdpRun) -> EvaluateWmdp:
    assert study.wmdp is not None
    return EvaluateWmdp(
        run=run.path,
        model=study.loaded(run.model),
        tasks=study.wmdp.tasks,
        authors_form=tuple(study.wmdp.sources.questions),
        limit=study.wmdp.limit,
    )


def aggregate_spec(study: Study) -> AggregateWmdp:
    rows = tuple(
        WmdpRow(
            run=run.path,
            model=run.model,
            objective=run.objective,
            carrier=run.carrier,
            unlearn_seed=run.unlearn_seed,
        )
        for run in all_runs(study)
    )
    return AggregateWmdp(runs=rows)
