"""Rows of the models sheet."""

from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag

from grunflow.config.base import NAME, Seed, Strict
from grunflow.config.forms import PUBLISHED, TRAINING, form_by_split, form_of
from grunflow.config.parts import Training

SHA256 = r"^[0-9a-f]{64}$"


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


class ModelSources(Strict):
    """Where `grunflow prefetch` takes the files of a model from that lies in a local folder: the hub, and where there is none a
    package of the package index that ships it as GGUF, whose weights are dequantised."""

    name: str = Field(description="the model's name in captions")
    repo: str = Field(description="repository on the hub")
    revision: str | None = Field(None, description="commit of the repository; null takes the newest")
    package: str = Field(
        pattern=r"^[A-Za-z0-9._-]+==[0-9][^ ]*$", description="package and version that ships the model"
    )
    package_sha256: str = Field(pattern=SHA256, description="checksum of the package's wheel")
    gguf: str = Field(pattern=r"^[^/].*\.gguf$", description="the model's file in the wheel")
    gguf_sha256: str = Field(pattern=SHA256, description="checksum of that file")
    note: str = Field(description="what captions say of a model that came from the package")


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
    architecture: Architecture = Field(description="its shape; of a model in a local folder read there where left out")
    repo: str | None = Field(
        None, description="repository on the hub (or local folder); null: from scratch, or nothing is trained of it"
    )
    sources: ModelSources | None = Field(None, description="where prefetch takes the files of a local folder from")
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
