"""Finished models that a study loads: what is refused of them when the config is read, and what captions say of them."""

from grunflow.benchmarks.base import REFERENCES
from grunflow.config.models import Published
from grunflow.config.runs import Part
from grunflow.config.sheet import check_place
from grunflow.config.study import Resolved
from grunflow.errors import BadInput, unknown_name


def check_external(study: Resolved) -> None:
    """Finished models of others: each is held against references of this study, and its row is its own."""
    taken: dict[tuple[str, ...], str] = {}
    for name, row in study.external.items():
        where = f"config.external.{name}"
        if row.benchmark not in study.benchmarks:
            raise BadInput(f"{where}.benchmark: {unknown_name('benchmark', row.benchmark, study.benchmarks)}")
        if row.model not in study.models:
            raise BadInput(f"{where}.model: {unknown_name('model', row.model, study.models)}")
        if not any((rows.benchmark, rows.model) == (row.benchmark, row.model) for rows in study.grid):
            raise BadInput(
                f"{where}: the grid has no {row.model!r} on {row.benchmark!r}, whose references the row would be held against; add it."
            )
        for key, value in (("objective", row.objective), ("carrier", row.carrier)):
            if value in REFERENCES:
                raise BadInput(
                    f"{where}.{key}: {value!r} is the name of a reference model, which the models sheet names; take another."
                )
        called = (row.benchmark, row.model, row.objective, row.carrier)
        if called in taken:
            raise BadInput(
                f"{where}: its row is called as that of {taken[called]!r}; give it another objective or carrier."
            )
        taken[called] = name
        check_place(study.models[row.model], row, where)


def told(part: Part) -> list[str]:
    """Sentences for captions: which models were trained by others."""
    found = []
    for model in dict.fromkeys(run.model for run in part.unlearned):
        finished = {role: part.published(model, role) for role in part.benchmark.references}
        named = [f"{role} {called(place)}" for role, place in finished.items() if place]
        if named:
            found.append(f"{model}: finished models of others, not trained here, are {' and '.join(named)}")
    rows = [(run.model, row) for run in part.external if (row := part.theirs(run))]
    if rows:
        named = [f"{model} {row.objective} {row.carrier} is {called(row)}" for model, row in rows]
        found.append(f"Rows marked external are finished models of others, not trained here: {', '.join(named)}")
    return found


def called(place: Published) -> str:
    """Repository or folder, with the commit where it is known."""
    return f"{place.repo}@{place.revision[:8]}" if place.revision else place.repo
