"""Study -> the jobs that show its results: tables, figures, claims and the report, over all benchmarks."""

from grunflow.config import attacks, resolve, shown_specs
from grunflow.config.conditions import rounds
from grunflow.config.finished import told
from grunflow.config.job import Inputs, Job
from grunflow.config.layouts import is_layout
from grunflow.config.local import words_of
from grunflow.config.places import root_of
from grunflow.config.published import names_of, read_sheets
from grunflow.config.runs import Part
from grunflow.config.starts import is_scratch
from grunflow.config.study import Resolved
from grunflow.errors import BadInput, unknown_name
from grunflow.reporting import catalogue


def report_jobs(study: Resolved, own: list[Part]) -> list[Job]:
    """Tables, figures, claims and the report, over all benchmarks."""
    root = f"results/{study.study}"
    metrics: Inputs = {"metrics": tuple(f"{root_of(part)}/metrics" for part in own)}
    absent = tuple(resolve.absent(part, run) for part in own for run in part.absent)
    shown = {
        "study": study.study,
        "benchmarks": tuple(part.spec for part in own),
        "origins": {part.name: ". ".join([part.benchmark.origin(models_of(part)), *told(part)]) for part in own},
        "selection": selection(study, own),
        "absent": absent,
    }
    if study.rehearsal:
        shown["origins"] = {part.name: study.rehearsal for part in own}
    logs = tuple(path for item in study.published_logs for path in (item.log, item.retain_log) if path)
    # Read whole, so that a bad cell is refused before anything starts.
    read_sheets((path for path in study.published if not is_layout(path)), names_of(part.benchmark for part in own))
    tried = {
        "relearnt": tuple(name for name, attack in study.attacks.items() if attacks.teaches_again(attack)),
        "rounded": tuple(name for name in study.conditions if rounds(study, name)),
    }
    tables = shown_specs.Tables(
        **shown,
        names=catalogue.tables(study),
        published=study.published,
        published_logs=study.published_logs,
        rates=rates(study),
        rehearsal=study.rehearsal or "",
        **tried,
    )
    figures = shown_specs.Figures(**shown, names=catalogue.figures(study), captions=study.captions, **tried)
    jobs = [
        Job(f"{root}/tables", tables, metrics, (*study.published, *logs)),
        Job(f"{root}/figures", figures, metrics),
    ]
    pages: Inputs = metrics | {"tables": (f"{root}/tables",), "figures": (f"{root}/figures",)}
    if study.claims:
        shapes = {name: row.architecture for name, row in study.models.items() if row.architecture.vocabulary}
        more = {"engine": study.engine, "shapes": shapes, "rehearsal": study.rehearsal or ""}
        spec = shown_specs.Claims(study=study.study, claims=study.claims, absent=absent, **more)
        jobs.append(Job(f"{root}/claims", spec, {"tables": (f"{root}/tables",)}, (study.claims,)))
        pages = pages | {"claims": (f"{root}/claims",)}
    return [*jobs, Job(f"{root}/report", shown_specs.Report(**shown, title=study.title), pages)]


def selection(study: Resolved, own: list[Part]) -> dict[str, str]:
    """How rates were chosen, of the benchmarks that the grid uses.

    Raises:
        BadInput: it names a benchmark that the study has not.
    """
    known = [spec.name for spec in study.resolved]
    for name in study.selection:
        if name not in known:
            raise BadInput(f"config.selection: {unknown_name('benchmark', name, known)}")
    return {part.name: study.selection[part.name] for part in own if part.name in study.selection}


def rates(study: Resolved) -> dict[str, float]:
    """Variant -> learning rate, of those that set one."""
    found = {name: parts.get("training", {}).get("learning_rate") for name, parts in study.variants.items()}
    return {name: float(rate) for name, rate in found.items() if rate is not None}


def models_of(part: Part) -> str:
    """What captions call the part's models; empty where all are trained from scratch."""
    models = [part.study.models[name] for name in dict.fromkeys(run.model for run in part.unlearned)]
    return " and ".join(words_of(model) for model in models if not is_scratch(model))
