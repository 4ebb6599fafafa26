"""One typed spec per stage: everything that the stage's result depends on, fully resolved.

Every wildcard of a rule stands in its spec: Snakemake's between-workflow cache hashes params, not wildcards. A class's first
line is the command's help; a stage's name stands here, in its module under stages/ and in its rule.
"""

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from grunflow.config.base import NAME, Seed, Strict
from grunflow.config.benchmarks import DECLARATION, PREPARATION, BenchmarkSpec
from grunflow.config.chat import Chat
from grunflow.config.models import Architecture, Model
from grunflow.config.parts import CarrierSpec, ConditionSpec, ObjectiveSpec, Training
from grunflow.config.sets import ProbeSpec, Spacing, StreamSpec
from grunflow.data.prompts import TEMPLATES

if TYPE_CHECKING:
    Template = str
else:
    Template = Literal[tuple(TEMPLATES)]
Engine = Literal["fast", "plain"]


class Stage(Strict):
    """trains: writes checkpoints. long: `grunflow status` shows it from its start. apart: what it trains may lie in a folder
    of its own, which a study that does not keep it discards. copied: the file that lies at the study's root too.
    runs_of_benchmark: the part of a benchmark's code that it runs. partial: whether its command makes, on request, what the
    study has so far."""

    trains: ClassVar[bool] = False
    long: ClassVar[bool] = False
    apart: ClassVar[bool] = False
    copied: ClassVar[str] = ""
    runs_of_benchmark: ClassVar[str] = DECLARATION
    partial: ClassVar[bool] = False

    @property
    def name(self) -> str:
        return type(self).model_fields["stage"].default

    @property
    def rule(self) -> str:
        """The name of its rule."""
        return self.name


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


class NamedRun(Strict):
    """What a run is called, in tables too."""

    run: str
    model: str
    split: str
    objective: str
    carrier: str
    carrier_kind: str
    variant: str = ""


class RunRow(NamedRun):
    """What a table row needs to know of one run under one condition."""

    condition: str = "plain"
    access: str = Field("", description="of a condition: black-box where it only asks otherwise, white-box")
    strength: float | None = Field(None, description="of a condition that has one")
    trained: bool = Field(True, description="whether a job of the study trained it; a hub's base was not")
    target_seed: Seed | None
    unlearn_seed: Seed | None


class RequestRow(RunRow):
    """What is told of one run after some requests of a sequence: run is what was scored, the rest is the method's."""

    sequence: str
    step: int = Field(ge=1, description="requests that were made so far")
    requests: int = Field(ge=1, description="of the whole sequence: so many equal parts of the forget set")


class Aggregate(Stage):
    """per-example scores of a benchmark's runs -> their metrics"""

    stage: Literal["aggregate"] = "aggregate"
    benchmark: BenchmarkSpec
    runs: tuple[RunRow, ...]
    ways: tuple[RunRow, ...] = Field((), description="runs under conditions that go along strengths")
    attacks: tuple[RunRow, ...] = Field(
        (), description="runs that are attacked, by the attack's name as condition", exclude_if=lambda value: not value
    )
    sequences: tuple[RequestRow, ...] = Field(
        (), description="runs after requests of a sequence", exclude_if=lambda value: not value
    )
    requested: str = Field(
        "", description="file of the forget set's rows, which requests are parts of", exclude_if=lambda value: not value
    )


class PublishedLog(Strict):
    """Somebody else's TOFU evaluation log (eval_log_aggregated.json), to stand beside ours."""

    name: str = Field(description="its row")
    log: str = Field(description="the file")
    retain_log: str | None = Field(None, description="the retain model's log, for Forget Quality")


class AbsentRun(NamedRun):
    """A run that a study asks for and has no result of."""

    benchmark: str
    target_seed: Seed | None
    unlearn_seed: Seed | None
    reason: str = Field(description="why: `diverged`, `missing`")


class Shown(Stage):
    """What stages that show results know. origins: benchmark -> what made its numbers, a part of every caption. selection: the
    same -> how its rates were chosen, another part. absent: what is to be told as absent."""

    study: str
    benchmarks: tuple[BenchmarkSpec, ...]
    origins: dict[str, str]
    selection: dict[str, str] = {}
    absent: tuple[AbsentRun, ...] = ()


class Tried(Shown):
    """Stages that show what metrics are worth know by what they are tried."""

    relearnt: tuple[str, ...] = Field(
        (),
        description="attacks on runs as they are that teach what was forgotten, by which metrics are tried",
        exclude_if=lambda value: not value,
    )
    rounded: tuple[str, ...] = Field(
        (), description="conditions that round weights, by which metrics are tried", exclude_if=lambda value: not value
    )


class Tables(Tried):
    """metrics -> tables with intervals"""

    partial: ClassVar[bool] = True

    stage: Literal["tables"] = "tables"
    names: tuple[str, ...] = Field(description="entries of reporting/catalogue.py")
    formats: tuple[Literal["csv", "md", "tex"], ...] = ("csv", "md", "tex")
    published: tuple[str, ...] = Field((), description="CSV files of published numbers, for the ledger")
    rates: dict[str, float] = Field(
        {}, description="variant -> its learning rate, for the table of the choice among them"
    )
    published_logs: tuple[PublishedLog, ...] = ()
    rehearsal: str = Field("", description="of a rehearsal: why no published number is compared")


class Claims(Stage):
    """tables against what the paper says -> verdicts"""

    copied: ClassVar[str] = "claims.json"

    stage: Literal["claims"] = "claims"
    study: str
    claims: str = Field(description="YAML file of claims")
    engine: Engine = Field(description="that edits were trained by, for claims about time")
    shapes: dict[str, Architecture] = Field(
        {}, description="of the models of the sheet, for what follows from them alone"
    )
    rehearsal: str = Field("", description="of a rehearsal: why no claim is judged")
    absent: tuple[AbsentRun, ...] = ()


class Figures(Tried):
    """metrics -> figures"""

    stage: Literal["figures"] = "figures"
    names: tuple[str, ...]
    captions: bool = False


class Report(Shown):
    """tables, figures and verdicts -> one HTML page"""

    copied: ClassVar[str] = "report.html"

    stage: Literal["report"] = "report"
    title: str


def stages() -> dict[str, type[Stage]]:
    """Stage -> the class of its spec."""
    found: dict[str, type[Stage]] = {}
    waiting = [Stage]
    while waiting:
        kind = waiting.pop(0)
        waiting += kind.__subclasses__()
        if "stage" in kind.model_fields:
            found[kind.model_fields["stage"].default] = kind
    return found
