import re
from pathlib import Path

from snakemake.exceptions import WorkflowError

from grunflow.config import jobs, runs, wmdp_runs
from grunflow.config.digest import stage_digest
from grunflow.config.study import read_study
from grunflow.costs.requests import request
from grunflow.errors import BadInput


def checked_study():
    try:
        return read_study(config)
    except BadInput as error:
        raise WorkflowError(str(error)) from None


STUDY = checked_study()
JOBS = jobs.by_folder(STUDY)
RUNS = runs.by_path(STUDY)
WMDP_RUNS = wmdp_runs.by_path(STUDY)
UNLEARNED = {path: run.carrier for path, run in RUNS.items() if not run.is_reference}
WMDP_UNLEARNED = {path: run.carrier for path, run in WMDP_RUNS.items() if run.carrier}

TABLES = [
    "tofu_main",
    "tofu_differences",
    "efficiency",
    *(["tuning"] if STUDY.variants else []),
    *(["equal_forgetting"] if STUDY.snapshots.count and not STUDY.variants else []),
    *(["published"] if STUDY.published else []),
    *(["published_logs"] if STUDY.published_logs else []),
    *(["wmdp_main"] if STUDY.wmdp else []),
]
FIGURES = [
    "forget_utility",
    *(["forgetting_paths"] if STUDY.snapshots.count else []),
    "cost_quality",
    "gate_activations",
    "truth_ratios",
    "training_curves",
    *(["wmdp_accuracy"] if STUDY.wmdp else []),
]


def one_of(paths):
    """A pattern for these paths; for none one that no path matches."""
    return "|".join(map(re.escape, paths)) or "-"


def split_by_keep(unlearned):
    """Paths of runs whose carrier the study keeps, and of the others."""
    return (
        [path for path, carrier in unlearned.items() if STUDY.keeps(carrier) == kept]
        for kept in (True, False)
    )


KEPT, DISCARDED = split_by_keep(UNLEARNED)
WMDP_KEPT, WMDP_DISCARDED = split_by_keep(WMDP_UNLEARNED)


wildcard_constraints:
    study=STUDY.study,
    model=one_of(STUDY.models),
    split=STUDY.forget_split,
    target_seed=r"\d+",
    first=r"\d+",
    run=one_of(KEPT),
    evaluated=one_of(RUNS),
    wmdp_run=one_of(WMDP_KEPT),
    wmdp_evaluated=one_of(WMDP_RUNS),


def final_output():
    return [
        f"results/{STUDY.study}/report.html",
        *([f"results/{STUDY.study}/claims.json"] if STUDY.claims else []),
        *expand(
            f"results/{STUDY.study}/tables/{{name}}.{{form}}",
            name=TABLES,
            form=["csv", "md", "tex"],
        ),
        *expand(
            f"results/{STUDY.study}/figures/{{name}}.{{form}}",
            name=FIGURES,
            form=["pdf", "png"],
        ),
    ]


def inputs_of(folder):
    """What the job that writes `folder`, a pattern of wildcards, reads: name -> folders, and its files."""

    def of_wildcards(wildcards):
        job = JOBS[folder.format(**wildcards)]
        return {**job.inputs, **({"files": job.files} if job.files else {})}

    return of_wildcards


def asks(folder, *more):
    """What that job asks of a cluster: mem_mb, runtime (minutes), gpu, cpus_per_task, and `more`."""
    kinds = ("mem_mb", "runtime", "gpu", "cpus_per_task", *more)

    def asked(resource):
        def of_job(wildcards, attempt):
            job = JOBS[folder.format(**wildcards)]
            return request(STUDY, job.spec, attempt)[resource]

        return of_job

    return {resource: asked(resource) for resource in kinds}


def evaluation_batch(wildcards, attempt):
    """Rows scored at once; half as many at each new attempt, for a GPU's memory may have run out. No score depends on it."""
    return max(1, STUDY.evaluation_batch_size >> (attempt - 1))


def spec_of(folder):
    """That job's spec, from wildcards alone: Snakemake sees no change in a param that reads input or output."""

    def of_wildcards(wildcards):
        return JOBS[folder.format(**wildcards)].spec.model_dump_json()

    return of_wildcards


def carrier_of(folder):
    """That job's argument for a carrier that is discarded. Snakemake does not compare `inputs`, which reads output."""

    def of_wildcards(wildcards):
        return JOBS[folder.format(**wildcards)].carrier_argument

    return of_wildcards


def inputs(wildcards, output):
    """The command's arguments for what it reads; of a rule with several outputs the folder is the manifest's."""
    manifest = output.get("manifest")
    folder = str(Path(manifest).parent) if manifest else output[0]
    return JOBS[folder].arguments
