"""Parts of a method as specs hold them: an objective, a carrier, a condition; each with the keys of its own file.

A part's own keys (PARAMETERS of its file) stand beside the common ones, in the study as in the spec: `spec.beta`. `file` is the
digest of a file outside the package, never its path: the command gets that by --file.
"""

from typing import TYPE_CHECKING, Any, Literal

from pydantic import ConfigDict, Field, model_validator

from grunflow.config.base import NAME, Strict, Typed

RETAIN_TERMS = ("none", "nll", "kl", "match")  # functions of objectives/retain.py


class Part(Typed):
    """name: the study's. kind: the file that does it. file: digest of a file outside the package, in place of a kind."""

    model_config = ConfigDict(extra="allow")

    name: str = Field(pattern=NAME)
    kind: str = ""
    file: str = ""

    @model_validator(mode="before")
    @classmethod
    def _lists_are_tuples(cls, values: Any) -> Any:
        """As they are made, so that a part read back from JSON equals it."""
        if not isinstance(values, dict):
            return values
        return {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}

    if TYPE_CHECKING:

        def __getattr__(self, key: str) -> Any: ...

    def get(self, key: str) -> Any:
        """The value of a key that only some parts of this kind have; None where this one has not."""
        return (self.model_extra or {}).get(key)

    def edits_from(self) -> int | None:
        """The first of its `layers`, of a carrier that edits some."""
        layers = self.get("layers")
        return min(layers) if layers else None


class ObjectiveSpec(Part):
    """loss = forget_weight * forget term + retain_weight * retain term (+ gate_weight * gate term).

    Quirks of the authors' code are keys here: what they vary has no name of its own.
    """

    retain: Literal[RETAIN_TERMS] = Field("nll", description="retain term; null: the objective's own")  # type: ignore[valid-type]
    forget_weight: float = Field(1.0, ge=0, description="weight of the forget term")
    retain_weight: float = Field(1.0, ge=0, description="weight of the retain term; RMU's alpha")
    reduction: Literal["token", "row", "sequence", "pooled", "pairs"] = Field(
        "token",
        description="NLL terms: mean over labels; over rows of their means; over rows of their sums; or, of an objective that reads "
        "refusals alone, one mean over them and the retain rows: over all labels (pooled) or over pairs of their means (pairs)",
    )
    kl_positions: Literal["labels", "all"] = Field(
        "labels",
        description="what the retain term kl averages over: labels, or as the authors do every position, padding too",
    )


class CarrierSpec(Part):
    """Where the trained parameters live."""


class ConditionSpec(Part):
    """How a run is put to the probes, with nothing trained. One that has `strengths` and no `strength` goes along them
    (config/strengths.py)."""


class Training(Strict):
    """AdamW with a warm-up and a schedule to zero; batch and rates are per optimiser step."""

    learning_rate: float = Field(gt=0, le=1, description="AdamW's peak rate")
    steps: int | None = Field(None, ge=1, description="optimiser steps; give this or epochs")
    epochs: int | None = Field(None, ge=1, description="passes over the data; give this or steps")
    batch_size: int = Field(32, ge=1, description="rows of an optimiser step")
    accumulation: int | None = Field(
        1,
        ge=1,
        description="micro-batches per step; must divide batch_size; null: as few as the plan finds room for on the study's kind "
        "of GPU, without one: one; the last bits of a sum follow from them, and the draws of dropout",
    )
    schedule: Literal["cosine", "linear", "constant"] = Field(
        "linear", description="how the rate falls to 0; constant: it does not"
    )
    warmup_fraction: float = Field(0.1, ge=0, lt=1, description="share of the steps in which the rate rises")
    weight_decay: float = Field(0.0, ge=0, description="AdamW's; must be 0 for edits: it destroys the rotation")
    eps: float = Field(1e-8, gt=0, description="AdamW's, beside the root of the second moment")
    step_count: Literal["ceil", "floor"] = Field(
        "ceil",
        description="steps of whole epochs: each epoch's last, smaller batch counts; or whole batches alone, warm-up rounded down",
    )
    mean_rows: int | None = Field(
        None,
        ge=1,
        description="of fine-tuning: a step's loss is the mean over so many rows at a time, averaged; null: over all its labels",
    )
    precision: Literal["masters", "kahan", "pure"] = Field(
        "masters",
        description="of a bf16 model whose own weights are trained: float32 masters and moments with bf16 passes; bf16 weights "
        "with Kahan summation, for one GPU; or plain bf16, which loses most updates",
    )
    gradient_clip: float | None = Field(1.0, gt=0, description="largest global gradient norm; null: any")
