"""One typed spec per stage: everything that the stage's result depends on, fully resolved.

Every wildcard of a rule stands in its spec: Snakemake's between-workflow cache hashes params, not wildcards.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from grunflow.config.names import CARRIERS, FORGET_SPLITS, GATES, OBJECTIVES, RETAIN_TERMS, TEMPLATES

Seed = Annotated[int, Field(ge=0)]


class Strict(BaseModel):
    """A key that is not in the class is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class World(Strict):
    """Sizes of the generated world (TOFU's schema, fictitious authors; see data/synthetic.py)."""

    seed: Seed = Field(0, description="decides every name, fact and sentence")
    authors: int = Field(40, ge=10, le=200, description="fictitious authors, 20 question-answer pairs each")
    background_authors: int = Field(40, ge=1, le=200, description="authors only the base model is trained on")
    holdout_authors: int = Field(4, ge=1, le=40, description="authors no model is ever trained on")
    facts: int = Field(60, ge=8, le=72, description="rows of real_authors and of world_facts, each")


class Tofu(Strict):
    """The real benchmark: from the hub, or from a folder of its published JSON-lines files."""

    repo: str = "locuslab/TOFU"
    revision: str | None = Field(None, description="commit of the repository; null takes the newest")
    folder: str | None = Field(None, description="read <split>.json here instead of the hub")
    refusals: str | None = Field(None, description="file of refusals, one per line; null takes the project's hundred")
    retain_authors: int | None = Field(
        None, ge=1, le=180, description="keep only so many retain authors (20 rows each)"
    )


class Architecture(Strict):
    """Shape of a model; without a `repo` a Llama of this shape is trained from scratch."""

    hidden_size: int = Field(128, ge=8)
    layers: int = Field(4, ge=1)
    heads: int = Field(4, ge=1)
    kv_heads: int | None = Field(None, ge=1, description="heads of keys and values; null: as many as heads")
    intermediate_size: int | None = Field(None, ge=8, description="feed-forward width; null: 8/3 of the hidden size")
    vocabulary: int | None = Field(None, ge=1, description="null: that of the study's tokenizer")
    tied: bool = Field(True, description="whether the head is the embedding")
    positions: int = Field(512, ge=16, description="longest text of a model from scratch, tokens")


class Training(Strict):
    """AdamW with a warm-up and a schedule to zero; batch and rates are per optimiser step."""

    learning_rate: float = Field(gt=0, le=1)
    steps: int | None = Field(None, ge=1, description="optimiser steps; give this or epochs")
    epochs: int | None = Field(None, ge=1, description="passes over the data; give this or steps")
    batch_size: int = Field(32, ge=1)
    accumulation: int = Field(1, ge=1, description="micro-batches per step; must divide batch_size")
    schedule: Literal["cosine", "linear", "constant"] = "linear"
    warmup_fraction: float = Field(0.1, ge=0, lt=1)
    weight_decay: float = Field(0.0, ge=0, description="must be 0 for reft and grun: it destroys the rotation")
    gradient_clip: float | None = Field(1.0, gt=0, description="largest global gradient norm; null: any")


class Model(Strict):
    """A row of the models sheet: architecture and how base and target (and retain) models are trained."""

    name: str = Field(pattern=r"^[a-z0-9.\-]+$")
    architecture: Architecture
    repo: str | None = Field(None, description="repository on the hub (or local folder); null: from scratch")
    revision: str | None = Field(None, description="commit of the repository; null takes the newest")
    dtype: Literal["float32", "bfloat16"] = "float32"
    base_seed: Seed = 0
    base: Training | None = Field(None, description="training of the base; only for a model from scratch")
    target: Training | None = Field(None, description="training of TOFU's target and retain models")
    replayed: int = Field(240, ge=0, description="background rows mixed into target and retain training")


class Objective(Strict):
    """loss = forget_weight * forget term + retain_weight * retain term (+ gate_weight * gate term).

    Quirks of the authors' code are keys here: what they vary has no name of its own.
    """

    name: Literal[OBJECTIVES]  # type: ignore[valid-type]
    retain: Literal[RETAIN_TERMS] | None = Field(None, description="null: the objective's own retain term")  # type: ignore[valid-type]
    forget_weight: float = Field(1.0, ge=0)
    retain_weight: float = Field(1.0, ge=0)
    beta: float = Field(
        0.1, gt=0, description="npo, dpo, simnpo: inverse temperature; undial: how far a logit is lowered"
    )
    delta: float = Field(0.0, ge=0, description="simnpo's margin, nats per token")
    reduction: Literal["token", "sequence", "pooled"] = Field(
        "token",
        description="NLL terms: mean over labels, mean over rows of sums, or (idk) one mean with the retain rows",
    )
    kl_positions: Literal["labels", "all"] = Field("labels", description="kl: labels, or the authors' every position")
    layer: int | None = Field(None, ge=0, description="rmu: the block whose output the loss reads, counted from 0")
    steering: float | None = Field(None, gt=0, description="rmu: length of the control vector")
    rmu_positions: Literal["tokens", "labels", "all"] = Field(
        "tokens", description="rmu: every real token, those after the edited position, or padding too"
    )


class Carrier(Strict):
    """Where the trained parameters live. Keys of another carrier are refused (config/study.py)."""

    name: Literal[CARRIERS]  # type: ignore[valid-type]
    rank: int | None = Field(None, ge=1, description="LoRA's or LoReFT's rank")
    alpha: float | None = Field(None, gt=0, description="LoRA's scale is alpha / rank")
    dropout: float | None = Field(None, ge=0, lt=1, description="LoRA's dropout")
    layers: tuple[int, ...] | None = Field(
        None, description="intervened blocks, counted from 0; of full: the trained ones"
    )
    parameters: str | None = Field(
        None, description="of full: what is trained in these blocks, as mlp.down_proj.weight"
    )
    gate: Literal[GATES] | None = None  # type: ignore[valid-type]
    gate_weight: float | None = Field(None, ge=0)
    gate_loss: Literal["logits", "probabilities"] | None = Field(
        None, description="what the gate's cross-entropy reads; null is logits; probabilities is the authors' form"
    )


class PrepareData(Strict):
    stage: Literal["prepare_data"] = "prepare_data"
    world: World | None = None
    tofu: Tofu | None = None
    vocabulary: int = Field(1536, ge=300, description="entries of the tokenizer trained on the texts")


class Finetune(Strict):
    stage: Literal["finetune"] = "finetune"
    model: Model
    role: Literal["base", "target", "retain"]
    template: Literal[TEMPLATES] = "plain"  # type: ignore[valid-type]
    forget_split: Literal[FORGET_SPLITS] | None = None  # type: ignore[valid-type]
    seed: Seed


class Snapshots(Strict):
    """The trade-off recorded on the way: at evenly spaced steps; see evaluation/snapshots.py for the questions."""

    count: int = Field(4, ge=0)
    questions: int = Field(20, ge=1, description="of the forget and of the retain set, each")


class Unlearn(Strict):
    stage: Literal["unlearn"] = "unlearn"
    model: str
    dtype: Literal["float32", "bfloat16"] = "float32"
    variant: str = ""
    template: Literal[TEMPLATES] = "plain"  # type: ignore[valid-type]
    retain_sampling: Literal["fresh", "fixed_partner"] = "fresh"
    engine: Literal["fast", "plain"] = "plain"
    snapshots: Snapshots = Snapshots()
    max_new_tokens: int = Field(64, ge=1, description="length of the answers generated for snapshots")
    forget_split: Literal[FORGET_SPLITS]  # type: ignore[valid-type]
    objective: Objective
    carrier: Carrier
    training: Training
    replayed: int = Field(0, ge=0, description="background and general rows mixed into the retain data")
    target_seed: Seed
    unlearn_seed: Seed


class CacheFrozenStates(Strict):
    """Batch size is an argument of the command."""

    stage: Literal["cache_frozen_states"] = "cache_frozen_states"
    model: str
    dtype: Literal["float32", "bfloat16"] = "float32"
    template: Literal[TEMPLATES] = "plain"  # type: ignore[valid-type]
    forget_split: Literal[FORGET_SPLITS]  # type: ignore[valid-type]
    first: int = Field(ge=0, description="the first edited block")
    retain_sampling: Literal["fresh", "fixed_partner"] = "fresh"
    replayed: bool = Field(False, description="also the rows that are replayed beside the retain split")
    target_seed: Seed


class Evaluate(Strict):
    """What is scored. Batch size is an argument of the command: scores do not depend on it."""

    stage: Literal["evaluate"] = "evaluate"
    engine: Literal["fast", "plain"] = "plain"
    run: str = Field(description="identity of the run, as in its folder's path")
    dtype: Literal["float32", "bfloat16"] = "float32"
    template: Literal[TEMPLATES] = "plain"  # type: ignore[valid-type]
    forget_split: Literal[FORGET_SPLITS]  # type: ignore[valid-type]
    max_new_tokens: int = Field(64, ge=1)


class RunRow(Strict):
    """What a table row needs to know of one evaluated run."""

    run: str
    model: str
    forget_split: str
    objective: str
    carrier: str
    variant: str = ""
    target_seed: Seed
    unlearn_seed: Seed | None


class PublishedLog(Strict):
    """Somebody else's TOFU evaluation log (eval_log_aggregated.json), to stand beside ours."""

    name: str
    log: str
    retain_log: str | None = Field(None, description="the retain model's log, for Forget Quality")


class Aggregate(Strict):
    stage: Literal["aggregate"] = "aggregate"
    runs: tuple[RunRow, ...]
    published_logs: tuple[PublishedLog, ...] = ()


class Tables(Strict):
    stage: Literal["tables"] = "tables"
    study: str
    origin: str = Field("", description="sentence in every caption that says what models and data made the table")
    wmdp_origin: str = Field("", description="the same for the WMDP part")
    formats: tuple[Literal["csv", "md", "tex"], ...] = ("csv", "md", "tex")
    published: tuple[str, ...] = Field((), description="CSV files of published numbers, for the ledger")


class Claims(Strict):
    stage: Literal["claims"] = "claims"
    study: str
    claims: str = Field(description="YAML file of claims")


class Figures(Strict):
    stage: Literal["figures"] = "figures"
    study: str
    origin: str = ""
    wmdp_origin: str = ""


class Report(Strict):
    stage: Literal["report"] = "report"
    study: str
    origin: str = ""
    wmdp_origin: str = ""
    title: str
