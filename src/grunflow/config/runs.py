"""Study -> runs: every model that is evaluated."""

from dataclasses import dataclass
from functools import cached_property
from itertools import product

from grunflow.benchmarks.base import BASE, EXTERNAL, RETAIN, TARGET, Benchmark, declared
from grunflow.config.benchmarks import BenchmarkSpec
from grunflow.config.chat import Chat
from grunflow.config.methods import Method, carrier_source, condition_of, method, trains
from grunflow.config.models import Model, Published
from grunflow.config.parts import ConditionSpec
from grunflow.config.references import held_against
from grunflow.config.starts import is_scratch, loaded, published
from grunflow.config.study import External, Resolved
from grunflow.config.terms import EDITS


@dataclass(frozen=True)
class Run:
    """One model that is evaluated. Its path under results/{study}/{benchmark}/runs/ is its identity.

    objective: of a reference model its role, `carrier` is then empty; of a finished model of others `external`, and `variant`
    its name. start: the run that it goes on from; None: where its benchmark says (its target or base model).
    """

    benchmark: str
    model: str
    split: str
    objective: str
    carrier: str = ""
    target_seed: int | None = None
    unlearn_seed: int | None = None
    variant: str = ""  # a named change of settings, in a tuning study
    start: "Run | None" = None
    requests: tuple[int, int, int] | None = (
        None  # (first, last, of): so many of equal parts of the forget set; None: all of it
    )

    @property
    def is_reference(self) -> bool:
        return self.unlearn_seed is None

    @property
    def path(self) -> str:
        """E.g. tiny/forget10/gd_grun_t0_u1, tiny/forget10/retain_t0, tiny-wmdp/rmu_grun_u1, tiny-wmdp/base, tiny/forget10/external_theirs."""
        asked = "of{2}-{0}to{1}".format(*self.requests) if self.requests else ""
        method = "_".join(filter(None, (self.objective, self.carrier, self.variant, asked)))
        target = "" if self.target_seed is None else f"_t{self.target_seed}"
        unlearned = "" if self.unlearn_seed is None else f"_u{self.unlearn_seed}"
        if self.start is not None:
            return f"{self.start.path}.{method}{unlearned}"
        return "/".join(filter(None, (self.model, self.split, f"{method}{target}{unlearned}")))

    @property
    def chain(self) -> "tuple[Run, ...]":
        """Runs from the first on a target or base model to this one."""
        return (*(self.start.chain if self.start else ()), self)


class Part:
    """A study's part of one benchmark: what its jobs follow from."""

    def __init__(self, study: Resolved, name: str) -> None:
        self.study, self.name = study, name
        self.spec: BenchmarkSpec = study.benchmark(name)
        self.benchmark: Benchmark = declared(self.spec)
        self._methods: dict[tuple[str, str, str, str], Method] = {}  # seeds share them
        self._conditions: dict[str, ConditionSpec] = {}

    @cached_property
    def grid(self) -> list[Run]:
        """The grid's runs, in the config's order; those that start from a base or a finished target have no target seeds."""
        runs = [
            Run(self.name, rows.model, self.benchmark.split, objective, carrier, target_seed, unlearn_seed, variant)
            for rows in self.study.of_benchmark(self.name)
            for objective, carrier in product(rows.objectives, rows.carriers)
            for variant in rows.variants_of(carrier)
            for target_seed, unlearn_seed in self._seeds(rows.model)
        ]
        return list(dict.fromkeys(runs))

    def _seeds(self, model: str) -> dict[tuple[int | None, int], None]:
        trained = self.benchmark.start == TARGET and not self.published(model, TARGET)
        return dict.fromkeys((item.target_seed if trained else None, item.unlearn_seed) for item in self.study.seeds)

    def why_absent(self, run: Run) -> str:
        """Why the study goes on without the run, or without what it starts from; "" of one that it has."""
        absent = self.study.absent
        return next(filter(None, (absent.get(name_of(item)) for item in run.chain)), "") if absent else ""

    @cached_property
    def unlearned(self) -> list[Run]:
        """The grid's runs without those that are absent."""
        return [run for run in self.grid if not self.why_absent(run)]

    @cached_property
    def every_reference(self) -> list[Run]:
        """Models that methods are held against; `base` and finished ones have no seed."""
        return list(
            dict.fromkeys(
                Run(self.name, run.model, run.split, role, target_seed=seed)
                for role in self.benchmark.references
                for run in self.grid
                for seed in self._reference_seeds(run, role)
            )
        )

    def _reference_seeds(self, run: Run, role: str) -> tuple[int | None, ...]:
        """Seeds of the reference models of a run: its own, of a retain model beside a finished target the study's only one. A model
        that is neither loaded nor trained from scratch has no base."""
        row = self.study.models[run.model]
        if role == BASE and row.repo is None and not is_scratch(row):
            return ()
        if role == BASE or self.published(run.model, role):
            return (None,)
        own = [run.target_seed] if run.target_seed is not None else [item.target_seed for item in self.study.seeds]
        return tuple(dict.fromkeys(own))

    @property
    def external(self) -> list[Run]:
        """Finished models of others, by their names in the config."""
        return [
            Run(self.name, row.model, self.benchmark.split, EXTERNAL, variant=name)
            for name, row in self.study.external.items()
            if row.benchmark == self.name
        ]

    @property
    def references(self) -> list[Run]:
        return [run for run in self.every_reference if not self.why_absent(run)]

    def reference(self, run: Run, role: str) -> Run | None:
        """The model of a role that a run is held against; None where the study has none."""
        return held_against(run, [item for item in self.references if item.objective == role])

    @property
    def absent(self) -> list[Run]:
        """Runs that the study asks for and goes on without."""
        return [run for run in (*self.every_reference, *self.external, *self.grid) if self.why_absent(run)]

    @property
    def runs(self) -> list[Run]:
        return [*self.references, *self.unlearned, *(run for run in self.external if not self.why_absent(run))]

    def published(self, model: str, role: str) -> Published | None:
        """The finished model of a role, where the study does not train one."""
        return published(self.study.models[model], role, self.benchmark.split or self.name)

    def loaded(self, run: Run) -> Model:
        """The model that a job of the run loads, where it is not in a folder that a job wrote."""
        role = run.objective if run.is_reference else self.benchmark.start
        return loaded(self.study.models[run.model], self.theirs(run) or self.published(run.model, role))

    def theirs(self, run: Run) -> External | None:
        """The config's row of a finished model of others."""
        return self.study.external[run.variant] if run.objective == EXTERNAL else None

    def method(self, run: Run) -> Method:
        key = (run.model, run.objective, run.carrier, run.variant)
        if key not in self._methods:
            self._methods[key] = method(self.study, self.name, *key)
        return self._methods[key]

    def condition(self, name: str) -> ConditionSpec:
        if name not in self._conditions:
            self._conditions[name] = condition_of(self.study, name)
        return self._conditions[name]

    def edits(self, run: Run) -> bool:
        """Whether the run's carrier edits representations of a frozen model."""
        return bool(run.carrier) and trains(self.study, run.carrier) == EDITS

    def template(self, run: Run) -> str | Chat:
        """Prompt template that a run is trained with."""
        conventions = self.study.conventions
        if not run.carrier:
            return conventions.form(conventions.finetune_template)
        return conventions.form(conventions.edit_template if self.edits(run) else conventions.baseline_template)

    def carrier_kind(self, run: Run) -> str:
        source = carrier_source(self.study, run.carrier) if run.carrier else None
        return "" if source is None else source.kind or run.carrier


def name_of(run: Run) -> str:
    """What names a run within its study: the folder that it has, or would have, below results/{study}/."""
    return f"{run.benchmark}/runs/{run.path}"


def parts(study: Resolved) -> list[Part]:
    """A part per benchmark that the grid names, in the order of `benchmarks:`."""
    used = {rows.benchmark for rows in study.grid}
    return [Part(study, spec.name) for spec in study.resolved if spec.name in used]


__all__ = ["BASE", "RETAIN", "TARGET", "Part", "Run", "name_of", "parts"]
