"""The WMDP study: its part of the config file, and the specs of its stages."""

from typing import Annotated, Literal

from pydantic import Field

from grunflow.config.specs import Carrier, Model, Objective, Seed, Strict, Training


class Source(Strict):
    """Rows of a dataset on the hub, or of a local file of JSON lines (or of bare text lines)."""

    repo: str | None = None
    revision: str | None = Field(None, description="commit of the repository; null takes the newest")
    config: str | None = Field(None, description="configuration of the dataset, as cyber-forget-corpus")
    split: str = "train"
    file: str | None = Field(None, description="read this local file instead of the hub")
    field: str = Field("text", description="the key that holds the text")


class Craft(Strict):
    """Sizes of the benign made-up domains (data/craft.py)."""

    seed: Seed = 0
    things: int = Field(40, ge=8, le=60, description="invented substances, and as many breads")


class Texts(Strict):
    """How corpora are cut into training texts."""

    min_length: int = Field(0, ge=0, description="characters; shorter texts are left out")
    max_tokens: int = Field(512, ge=4, description="longer texts are cut")
    samples: int | None = Field(None, ge=1, description="texts of each corpus, the first ones; null takes all")
    fraction: float = Field(0.8, gt=0, le=1, description="reft and grun edit at this part of a text's tokens")


class Sources(Strict):
    """Where the texts come from: `craft`, or `forget` and `retain`."""

    craft: Craft | None = Field(None, description="generate two made-up domains; this or `forget`")
    forget: dict[str, Source] = Field({}, description="domain -> corpus")
    retain: Source | None = None
    summaries: dict[str, Source] = Field({}, description="domain -> texts that reft and grun forget instead")
    retain_summaries: Source | None = Field(None, description="texts that reft and grun keep instead of `retain`")
    questions: dict[str, Source] = Field(
        {}, description="task -> multiple-choice questions, scored in the authors' form too (<task>_grun)"
    )


class WmdpRows(Strict):
    """Part of the grid: the product of its objectives and carriers."""

    model: str
    objectives: tuple[str, ...] = Field(min_length=1)
    carriers: tuple[str, ...] = Field(min_length=1)


class Wmdp(Strict):
    """Key `wmdp` of a study. Methods come from the study's objectives, carriers, training and overrides."""

    sources: Sources
    seeds: tuple[Seed, ...] = Field(min_length=1, description="unlearn seeds; the base model is the same for all")
    grid: tuple[WmdpRows, ...] = Field(min_length=1)
    tasks: tuple[str, ...] = Field(min_length=1, description="lm-eval's tasks or groups; of craft its two domains")
    texts: Texts = Texts()
    limit: int | None = Field(None, ge=1, description="questions of each task, the first ones; null takes all")


class PrepareCorpora(Strict):
    stage: Literal["prepare_corpora"] = "prepare_corpora"
    sources: Sources
    tasks: tuple[str, ...]
    vocabulary: int = Field(1536, ge=300)


class UnlearnWmdp(Strict):
    stage: Literal["unlearn_wmdp"] = "unlearn_wmdp"
    model: Model
    objective: Objective
    carrier: Carrier
    training: Training
    texts: Texts
    unlearn_seed: Seed


class EvaluateWmdp(Strict):
    """Batch size is an argument of the command: scores do not depend on it."""

    stage: Literal["evaluate_wmdp"] = "evaluate_wmdp"
    run: str = Field(description="identity of the run, as in its folder's path")
    model: Model
    tasks: tuple[str, ...]
    authors_form: tuple[str, ...] = Field((), description="tasks scored in the authors' prompt form too")
    limit: int | None = None


class WmdpRow(Strict):
    """What a table row needs to know of one evaluated run."""

    run: str
    model: str
    objective: str
    carrier: str
    unlearn_seed: Annotated[int, Field(ge=0)] | None


class AggregateWmdp(Strict):
    stage: Literal["aggregate_wmdp"] = "aggregate_wmdp"
    runs: tuple[WmdpRow, ...]
