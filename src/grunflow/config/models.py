"""Rows of the models sheet."""

from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag

from grunflow.config.base import NAME, Seed, Strict
from grunflow.config.forms import PUBLISHED, TRAINING, form_by_split, form_of
from grunflow.config.parts import Training


class Architecture(Strict):
    """Shape of a model; without a `repo` a Llama of this shape is trained from scratch."""

    hidden_size: int = Field(128, ge=8, description="width")
    layers: int = Field(4, ge=1, description="decoder blocks")
    heads: int = Field(4, ge=1, description="attention heads")
    kv_heads: int | None = Field(None, ge=1, description="heads of keys and values; null: as many as heads")
    intermediate_size: int | None = Field(None, ge=8, description="feed-forward width; null: 8/3 of the hidden size")
    vocabulary: int | None = Field(None, ge=1, description="null: that of the study's tokenizer")
    tied: bool = Field(True, description="whether the head is the embedding")
    positions: int = Field(512, ge=16, description="longest text of a model from scratch, tokens")


class Published(Strict):
    """A finished model: it is loaded, and never trained."""

    repo: str = Field(min_length=1, description="repository on the hub, or local folder")
    revision: str | None = Field(None, description="commit of the repository; null takes the newest")


Trained = Annotated[Training, Tag(TRAINING)]
Target = Annotated[Trained | Annotated[Published, Tag(PUBLISHED)], Discriminator(form_of)]
Retain = Annotated[
    Trained | Annotated[dict[str, Published], Field(min_length=1), Tag(PUBLISHED)], Discriminator(form_by_split)
]


class Model(Strict):
    """A row of the models sheet: architecture, and how base, target and retain models are trained, or where finished ones are."""

    name: str = Field(pattern=NAME, description="the row's key")
    architecture: Architecture = Field(description="its shape")
    repo: str | None = Field(
        None, description="repository on the hub (or local folder); null: from scratch, or nothing is trained of it"
    )
    revision: str | None = Field(None, description="commit of the repository; null takes the newest")
    dtype: Literal["float32", "bfloat16"] = Field("float32", description="type of its weights")
    base_seed: Seed = Field(0, description="seed of the base that is trained from scratch")
    base: Training | None = Field(None, description="training of the base; only for a model from scratch")
    target: Target | None = Field(
        None, description="training of target (and retain) models, or a finished target model"
    )
    retain: Retain | None = Field(
        None,
        description="finished retain models, by forget split (of a benchmark without splits: by its name); or training of retain "
        "models; null: the target's",
    )
    replayed: int = Field(240, ge=0, description="background rows mixed into target and retain training")
