"""Specs of the stages that run no model: scores become metrics, tables, figures, verdicts and a page. See config/specs.py."""

from typing import ClassVar, Literal

from pydantic import Field

from grunflow.config.base import Seed, Strict
from grunflow.config.benchmarks import BenchmarkSpec
from grunflow.config.models import Architecture
from grunflow.config.stage import Engine, Stage


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
