"""What every stage's spec is."""

from typing import TYPE_CHECKING, ClassVar, Literal

from grunflow.config.base import Strict
from grunflow.config.benchmarks import DECLARATION
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
