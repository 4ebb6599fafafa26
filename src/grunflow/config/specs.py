"""One typed spec per stage that prepares, trains or asks (of those that show results: config/shown_specs.py): everything that the
stage's result depends on, fully resolved.

Every wildcard of a rule stands in its spec: Snakemake's between-workflow cache hashes params, not wildcards. A class's first
line is the command's help; a stage's name stands here, in its module under stages/ and in its rule.
"""

from typing import ClassVar, Literal

from pydantic import Field

from grunflow.config.base import NAME, Seed, Strict
from grunflow.config.benchmarks import PREPARATION, BenchmarkSpec
from grunflow.config.chat import Chat
from grunflow.config.models import Model
from grunflow.config.parts import CarrierSpec, ConditionSpec, ObjectiveSpec, Training
from grunflow.config.sets import ProbeSpec, Spacing, StreamSpec
from grunflow.config.stage import Engine, Stage, Template


class Prepare(Stage):
    """read or generate a benchmark's data: sets, what training reads, a tokenizer for models from scratch"""

    runs_of_benchmark: ClassVar[str] = PREPARATION

    stage: Literal["prepare"] = "prepare"
    benchmark: BenchmarkSpec
    vocabulary: int = Field(1536, ge=300, description="entries of the tokenizer trained on the texts")


class Finetune(Stage):
    """train a base, target or retain model"""

    trains: ClassVar[bool] = True
    long: ClassVar[bool] = True

    stage: Literal["finetune"] = "finetune"
    benchmark: str
    model: Model
    role: Literal["base", "target", "retain"]
    template: Template | Chat = "plain"
    files: tuple[str, ...] = Field(description="rows, below the data folder")
    replay: str = Field("", description="file of which the model's `replayed` rows are drawn")
    split: str = Field("", description="forget split that was left out")
    engine: Engine = "plain"
    seed: Seed

    @property
    def rule(self) -> str:
        return f"{self.name}_{self.role}"


class SnapshotSpec(Strict):
    """When a run is asked on its way, and what."""

    count: int = Field(0, ge=0)
    spacing: Spacing = "geometric"
    steps: tuple[int, ...] = ()
    probe: ProbeSpec | None = None
    template: Template | Chat = "plain"


class Unlearn(Stage):
    """train one objective on one carrier"""

    trains: ClassVar[bool] = True
    long: ClassVar[bool] = True
    apart: ClassVar[bool] = True

    stage: Literal["unlearn"] = "unlearn"
    benchmark: str
    model: Model
    split: str = ""
    variant: str = ""
    beneath: tuple[CarrierSpec, ...] = Field((), description="carriers of the run that it starts from, innermost first")
    stream: StreamSpec
    template: Template | Chat = "plain"
    engine: Engine = "plain"
    snapshots: SnapshotSpec = SnapshotSpec()
    max_new_tokens: int = Field(64, ge=1, description="length of the answers generated for snapshots")
    objective: ObjectiveSpec
    carrier: CarrierSpec
    training: Training
    target_seed: Seed | None = None
    unlearn_seed: Seed


Attacker = Literal["over", "tuned", "removed"]


class Attack(Unlearn):
    """train a finished run further, to bring back what it forgot, and ask it on the way"""

    apart: ClassVar[bool] = False

    stage: Literal["attack"] = "attack"  # type: ignore[assignment]
    called: str = Field(pattern=NAME, description="its name in the study")
    run: str = Field(description="identity of the run that it is put to")
    attacker: Attacker = Field(
        description="over: a new carrier on top of the run; tuned: the run's own trained parts go on; removed: a new carrier on what "
        "lies beneath the run's"
    )
    probes: tuple[ProbeSpec, ...]
    asked: tuple[int, ...] = Field(description="numbers of steps after which the probes are put")
    unseen: bool = Field(False, description="whether questions that the attacker learnt are left out of the scores")


class CacheFrozenStates(Stage):
    """run a frozen model once over what its edits are trained on"""

    long: ClassVar[bool] = True

    stage: Literal["cache_frozen_states"] = "cache_frozen_states"
    benchmark: str
    model: Model
    split: str = ""
    beneath: tuple[CarrierSpec, ...] = ()
    stream: StreamSpec
    template: Template | Chat = "plain"
    first: int = Field(ge=0, description="the first edited block")
    target_seed: Seed | None = None


class Evaluate(Stage):
    """put one run to its benchmark's probes, per example"""

    long: ClassVar[bool] = True

    stage: Literal["evaluate"] = "evaluate"
    benchmark: str
    run: str = Field(description="identity of the run, as in its folder's path")
    model: Model
    carriers: tuple[CarrierSpec, ...] = Field(
        (), description="of the run and of those that it starts from, innermost first"
    )
    condition: ConditionSpec
    summed: float | None = Field(
        None,
        description="of several runs whose edits are added up: the factor of the sum",
        exclude_if=lambda value: value is None,
    )
    beside: Model | None = Field(
        None, description="the target model, where a condition reads it too", exclude_if=lambda value: value is None
    )
    probes: tuple[ProbeSpec, ...]
    template: Template | Chat = "plain"
    engine: Engine = "plain"
    max_new_tokens: int = Field(64, ge=1)
