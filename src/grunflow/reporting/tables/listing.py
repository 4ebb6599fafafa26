"""Every table: what it is called, which benchmarks it is made of, what makes it. No pandas until one is made."""

from typing import Any

from grunflow.config.layouts import is_layout, read_layouts
from grunflow.reporting.entries import Entry, Source, knows_and_never_knew, leaves_paths, relearns


def _main(spec: Any, results: Any) -> Any:
    from grunflow.reporting.tables.main import main_table

    return main_table(results)


def _differences(spec: Any, results: Any) -> Any:
    from grunflow.reporting.tables.differences import differences_table

    return differences_table(results)


def _references(spec: Any, results: Any) -> Any:
    from grunflow.reporting.tables.references import references_table

    return references_table(results)


def _equal_forgetting(spec: Any, *results: Any) -> Any:
    from grunflow.reporting.tables.equal_forgetting import equal_forgetting_table

    return equal_forgetting_table(*results)


def _equal_retention(spec: Any, *results: Any) -> Any:
    from grunflow.reporting.tables.equal_retention import equal_retention_table

    return equal_retention_table(*results)


def _robustness(spec: Any, *results: Any) -> Any:
    from grunflow.reporting.tables.robustness import robustness_table

    return robustness_table(*results)


def _relearning(spec: Any, *results: Any) -> Any:
    from grunflow.reporting.tables.relearning import relearning_table

    return relearning_table(*results)


def _sequential(spec: Any, *results: Any) -> Any:
    from grunflow.reporting.tables.sequential import sequential_table

    return sequential_table(*results)


def _metrics(spec: Any, *results: Any) -> Any:
    from grunflow.reporting.tables.metrics import metrics_table

    return metrics_table(spec.relearnt, spec.rounded, *results)


def _efficiency(spec: Any, *results: Any) -> Any:
    from grunflow.reporting.tables.efficiency import efficiency_table

    return efficiency_table(*results)


def _tuning(spec: Any, *results: Any) -> Any:
    from grunflow.reporting.tables.tuning import tuning_table

    return tuning_table(spec.rates, *results)


def _published(spec: Any, *results: Any) -> Any:
    from grunflow.reporting.tables.published import published_table

    return published_table(sheets(spec), results, spec.rehearsal)


def _paper(name: str, spec: Any, *results: Any) -> Any:
    from grunflow.reporting import ledger
    from grunflow.reporting.tables.paper import paper_table

    layout, cells = read_layouts(spec.published)[name], ledger.read_cells(sheets(spec), results)
    return paper_table(layout, cells, ledger.values(results), spec.rehearsal)


def _published_logs(spec: Any, *results: Any) -> Any:
    from grunflow.reporting.tables.published import logs_table

    return logs_table(spec.published_logs)


def sheets(study: Any) -> list[str]:
    """The files of published numbers."""
    return [path for path in study.published if not is_layout(path)]


def compares_paths(source: Source) -> bool:
    """Whether methods, not variants of one, left paths."""
    return not source.variants and leaves_paths(source)


TABLES = (
    Entry("{benchmark}_main", _main),
    Entry("{benchmark}_differences", _differences, lambda source: len(source.carriers) > 1),
    Entry(
        "{benchmark}_references", _references, lambda source: not source.variants and bool(source.benchmark.references)
    ),
    Entry("robustness", _robustness, lambda source: source.conditions, together=True),
    Entry("relearning", _relearning, relearns, together=True),
    Entry("sequential", _sequential, lambda source: source.sequences, together=True),
    Entry("metrics", _metrics, knows_and_never_knew, together=True),
    Entry("efficiency", _efficiency, together=True),
    Entry("tuning", _tuning, lambda source: source.variants and leaves_paths(source), together=True),
    Entry("equal_forgetting", _equal_forgetting, compares_paths, together=True),
    Entry("equal_retention", _equal_retention, compares_paths, together=True),
    Entry("published", _published, wanted=lambda study: bool(sheets(study)), together=True),
    Entry("paper_<n>", _paper, each=lambda study: read_layouts(study.published), together=True),
    Entry("published_logs", _published_logs, wanted=lambda study: bool(study.published_logs), together=True),
)
