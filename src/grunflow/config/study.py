"""The study's config file, typed. Every key has its meaning here; config/README.md and config/schema.json are made from it."""

from typing import Annotated, Any, Literal

from pydantic import Field

from grunflow.config.base import NAME, Seed, Strict
from grunflow.config.benchmarks import BenchmarkSpec
from grunflow.config.conventions import Conventions
from grunflow.config.models import Model, Published
from grunflow.config.sets import Snapshots
from grunflow.config.shown_specs import PublishedLog
from grunflow.config.specs import Attacker
from grunflow.errors import BadInput, unknown_name

GPUS = ("a100-40gb", "a100-80gb", "h100-80gb", "h200-141gb", "l40s-48gb", "none")


class Rows(Strict):
    """Part of the grid: the product of its objectives and carriers."""

    benchmark: str = Field(description="name under `benchmarks:`")
    model: str = Field(description="row of the models sheet")
    objectives: tuple[str, ...] = Field(min_length=1, description="names under `objectives:`, or of the package's own")
    carriers: tuple[str, ...] = Field(min_length=1, description="names under `carriers:`, or of the package's own")
    variants: dict[str, Annotated[tuple[str, ...], Field(min_length=1)]] = Field(
        {}, description="carrier -> names in `variants:`, for tuning"
    )

    def variants_of(self, carrier: str) -> tuple[str, ...]:
        return self.variants.get(carrier, ("",))


class Seeds(Strict):
    """One replicate: target_seed trains target and retain model, unlearn_seed the unlearning."""

    target_seed: Seed = Field(description="trains target and retain model")
    unlearn_seed: Seed = Field(description="trains the unlearning")


class External(Published):
    """A finished model of others: scored like a run, shown in the same tables, and never trained."""

    benchmark: str = Field(description="name under `benchmarks:`")
    model: str = Field(description="row of the models sheet that it is of the kind of: its shape, type and references")
    objective: str = Field(pattern=NAME, description="what its row is called")
    carrier: str = Field(pattern=NAME, description="the same")


class Override(Strict):
    """Where all that `where` names matches, set keys of objective, carrier, training or texts."""

    where: dict[Literal["objective", "carrier", "model", "benchmark"], str] = Field(
        description="names, or kinds, of what it concerns"
    )
    objective: dict[str, Any] = Field({}, description="keys of the objective")
    carrier: dict[str, Any] = Field({}, description="keys of the carrier")
    training: dict[str, Any] = Field({}, description="keys of the training")
    texts: dict[str, Any] = Field({}, description="how corpora are cut, of a benchmark that has some")


# A seed that a run does not have decides nothing: on WMDP there are no target seeds.
Where = dict[
    Literal["benchmark", "model", "objective", "carrier", "target_seed", "unlearn_seed"],
    Annotated[tuple[Seed | str, ...], Field(min_length=1)],
]


class Concerned(Strict):
    """What every condition takes beside the keys of its kind."""

    where: Where = Field(
        {}, description="names or kinds, or seeds, of the runs that are put under it; empty: all that it fits"
    )


class Relearning(Strict):
    """An attack: finished runs are trained further, and asked on the way (docs/robustness.md)."""

    learns: Literal["forget", "held_out", "retain"] = Field(
        "forget",
        description="what the attacker has: rows of the forget set; all but its last part, and the last alone is asked (held_out); "
        "or rows of what was kept (retain), which say nothing of what was forgotten",
    )
    rows: int | None = Field(
        None, ge=1, description="so many of these rows, drawn at random, for every run the same ones; null: all"
    )
    parts: int = Field(4, ge=2, description="of held_out: equal parts of the forget set, in its order")
    attacker: Attacker = Field(
        "over",
        description="what is trained: a new carrier over the run as it is (an edit then stays in place, frozen); the run's own trained "
        "parts (tuned); or a new carrier on what is left without the run's (removed)",
    )
    carrier: str = Field(description="the new carrier; with `tuned` the one whose runs are attacked")
    where: Where = Field(
        {}, description="names or kinds, or seeds, of the runs that are attacked; empty: all that it fits"
    )
    steps: tuple[Annotated[int, Field(ge=0)], ...] = Field(
        (0, 1, 2, 4, 8, 16, 32),
        min_length=1,
        description="numbers of steps after which the model is asked; 0: before the first",
    )
    training: dict[str, Any] = Field(
        description="how the attacker trains; the rate is constant, without a warm-up, unless it says otherwise"
    )


class Sequence(Strict):
    """Requests in turn: equal parts of the forget set, in its order, are forgotten one after the other (docs/robustness.md)."""

    requests: int = Field(ge=1, description="how many")
    how: Literal["stacked", "summed", "joint"] = Field(
        description="stacked: each request is unlearnt by a new carrier on the run of the one before (full goes on from its weights); "
        "summed: edits that were trained apart, each from the start, are added up; joint: all requests so far anew from the start"
    )
    slope: float = Field(
        0.6, ge=0, description="of summed: a of the factor a N + b of the sum of N edits; the authors'"
    )
    constant: float = Field(0.6, ge=0, description="of summed: b of that factor; the authors'")
    where: Where = Field(
        {}, description="names or kinds, or seeds, of the runs of the grid that unlearn so; empty: all that it fits"
    )


class Study(Strict):
    study: str = Field(pattern=NAME, description="name of the folder under results/")
    title: str = Field(description="heading of the report")
    benchmarks: dict[str, dict[str, Any]] = Field(
        min_length=1, description="name -> keys of its kind (below); `kind` is the name where none is given"
    )
    conventions: Conventions = Field(Conventions(), description="quirks of the authors' code, and presets of them")
    vocabulary: int = Field(1536, ge=300, description="entries of the tokenizer trained for models from scratch")
    models_sheet: str = Field(description="YAML file of models, a mapping name -> row")
    revisions: str | None = Field(None, description="file of commits that `grunflow prefetch --pin` writes; null: none")
    seeds: tuple[Seeds, ...] = Field(min_length=1, description="replicates")
    grid: tuple[Rows, ...] = Field(min_length=1, description="what is run: each entry the product of its lists")
    external: dict[Annotated[str, Field(pattern=NAME)], External] = Field(
        {}, description="name -> a finished model of others, beside the study's own"
    )
    objectives: dict[str, dict[str, Any]] = Field(
        {}, description="name -> its keys; `kind` is the name where none is given, or `file` names a method of your own"
    )
    carriers: dict[str, dict[str, Any]] = Field({}, description="name -> its keys; `kind` or `file` as for objectives")
    training: dict[str, dict[str, Any]] = Field({}, description="carrier, or its kind -> how it is trained")
    overrides: tuple[Override, ...] = Field((), description="exceptions, applied in order")
    conditions: dict[str, dict[str, Any]] = Field(
        {}, description="name -> `kind` and its keys: how runs are scored beside `plain`, with nothing trained"
    )
    attacks: dict[str, Relearning] = Field(
        {}, description="name -> how finished runs are trained further, to bring back what they forgot"
    )
    sequences: dict[str, Sequence] = Field(
        {}, description="name -> how the forget set is forgotten in several requests"
    )
    variants: dict[str, dict[str, dict[str, Any]]] = Field(
        {}, description="name -> keys of objective, carrier, training that a grid's variant sets"
    )
    selection: dict[str, str] = Field(
        {}, description="benchmark -> how its rates were chosen (budget, data), sentences that every caption tells"
    )
    rehearsal: str | None = Field(
        None,
        description="what `grunflow rehearse` put in place of the study's own: every caption says it, and no verdict is given",
    )
    captions: bool = Field(False, description="whether figures hold their captions, to stand alone without the report")
    snapshots: Snapshots = Field(Snapshots(), description="the trade-off on the way; a benchmark may have its own")
    engine: Literal["fast", "plain"] = Field(
        "fast", description="train edits on cached frozen states, read prompts once; or not"
    )
    published_logs: tuple[PublishedLog, ...] = Field((), description="evaluation logs of others, scored beside ours")
    published: tuple[str, ...] = Field(
        (), description="CSV files of published numbers, for the ledger; YAML files of the layouts of published tables"
    )
    claims: str | None = Field(None, description="YAML file of claims; null: none")
    max_new_tokens: int = Field(64, ge=1, description="length of generated answers")
    evaluation_batch_size: int = Field(
        64,
        ge=1,
        description="rows scored or cached together, fewer where the plan finds no room for them on the study's kind of GPU; changes no score",
    )
    keep: Literal["all", "adapters", "none"] = Field(
        "all", description="trained carriers that stay once they are scored: adapters are all but whole models"
    )
    failed: dict[str, Annotated[str, Field(min_length=1)]] = Field(
        {},
        description="run -> why it has no result (`diverged`): the study goes on without it, and says so; a run is named by its "
        "folder, or by the end of it",
    )
    gpu: Literal[GPUS] = Field(  # type: ignore[valid-type]
        "a100-80gb",
        description="kind of GPU that requests and plans reckon with, none: all runs on CPUs; changes no score, but for the last bits of what is "
        "trained with `accumulation: null`",
    )
    gpus_per_node: int = Field(
        8,
        ge=1,
        description="GPUs of a node; a job that needs more asks for whole nodes; changes scores as little as `gpu`",
    )


class Resolved(Study):
    """A study with its files read: what jobs are made from. absent: run, as config/absent.py names it -> why it is left out."""

    models: dict[str, Model]
    resolved: tuple[BenchmarkSpec, ...]
    absent: dict[str, str] = {}

    def benchmark(self, name: str) -> BenchmarkSpec:
        """Refuse a name outside the study."""
        for spec in self.resolved:
            if spec.name == name:
                return spec
        raise BadInput(f"config.grid: {unknown_name('benchmark', name, self.benchmarks)}")

    def model(self, name: str) -> Model:
        if name not in self.models:
            raise BadInput(f"config.grid: {unknown_name('model', name, self.models)}")
        return self.models[name]

    def of_benchmark(self, name: str) -> tuple[Rows, ...]:
        return tuple(rows for rows in self.grid if rows.benchmark == name)


__all__ = ["GPUS", "NAME", "External", "Override", "Resolved", "Rows", "Seeds", "Study"]
