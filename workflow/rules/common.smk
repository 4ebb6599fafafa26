import gc
from functools import cache
from inspect import signature

from snakemake.exceptions import WorkflowError
from snakemake.settings.types import RerunTrigger

from grunflow import presence, warm
from grunflow.call import input_arguments, spec_argument
from grunflow.cluster import most_of
from grunflow.config import jobs
from grunflow.config.job import Job
from grunflow.config.reading import read_study
from grunflow.config.typed import read_yaml
from grunflow.costs import rates
from grunflow.costs.requests import request
from grunflow.errors import BadInput
from grunflow.output_cache import check_room
from grunflow.patterns import any_of
from grunflow.reruns import stale
from grunflow.submission import submit


def checked_study():
    """The study, its jobs by their folders, rates of this machine where it was planned against its results; what is wrong with it as
    one line, without a traceback. Snakemake's own reader takes the last of duplicate keys: the files are read once more by one that
    refuses them.
    """
    try:
        for file in workflow.configfiles:
            read_yaml(str(file), "--configfile")
        study = read_study(config)
        return study, jobs.by_folder(study), rates.of_study(study.study)
    except BadInput as error:
        raise WorkflowError(str(error)) from None


STUDY, JOBS, RATES = checked_study()
# They, and Snakemake's graph of thousands of jobs, stay as long as the process: to look through them for garbage again and again
# takes a quarter of a dry run.
gc.freeze()
gc.set_threshold(50_000, 20, 100)


@cache
def hold_against_manifests():
    """Results that the study no longer describes are made again, whatever Snakemake itself remembers of them: it sees no edit
    without `.snakemake`, nor one that kept a file's time. A cluster's job makes what it was told to.
    """
    if workflow.is_main_process:
        workflow.dag.forcefiles.update(stale(list(JOBS.values())))
        workflow.dag_settings.rerun_triggers = frozenset({RerunTrigger.MTIME})


onstart:
    if workflow.is_main_process:
        check_cache()
        submit(JOBS.values())
        presence.announce()
        start_warm()


onsuccess:
    presence.leave()


onerror:
    presence.leave()


def start_warm():
    """Jobs in this environment and on this machine need not import torch each by itself."""
    if workflow.local_exec and not workflow.deployment_settings.deployment_method:
        warm.start()


def check_cache():
    """A cache without room or rights is refused before a job has run for it."""
    rules = workflow.workflow_settings.cache
    if rules:
        try:
            check_room(STUDY, list(JOBS.values()), rules)
        except BadInput as error:
            raise WorkflowError(str(error)) from None


# Folders of tables and figures, which hold a file per name.
SHOWN = [job.folder for job in JOBS.values() if hasattr(job.spec, "names")]


def places(rule):
    """A pattern for what the rule's jobs write, below runs/ or scores/ of their benchmark."""
    folders = (job.folder for job in JOBS.values() if job.rule == rule)
    return any_of(folder.split("/", 4)[-1] for folder in folders)


wildcard_constraints:
    study=STUDY.study,
    benchmark=any_of(STUDY.benchmarks),


def declared(function):
    """The function, with its signature at hand, which Snakemake else works out anew for every job and each time that it asks."""
    function.__signature__ = signature(function)
    return function


def job_at(folder, wildcards):
    """The job that writes `folder`, a pattern of wildcards."""
    place = folder.format(**wildcards)
    if place not in JOBS:
        raise WorkflowError(f"No job of the study writes {place}.")
    return JOBS[place]


def log_of(folder):
    """The log of the jobs that write such folders."""
    return Job(folder, spec=None).log


def files_in(folder, *forms):
    """The files of every table or figure in `folder`: their names follow from the study."""
    names = JOBS[folder.format(study=STUDY.study)].spec.names
    return [f"{folder}/{name}.{form}" for name in names for form in forms]


def finished(folder):
    """A folder as an input: its manifest, where the rule's outputs are the files in it."""
    return f"{folder}/manifest.json" if folder in SHOWN else folder


def inputs_of(folder):
    """What its job reads: name -> finished folders, and files that no job made."""

    @declared
    def of_wildcards(wildcards):
        hold_against_manifests()  # asked first while Snakemake builds its graph
        job = job_at(folder, wildcards)
        found = {
            name: [finished(place) for place in folders]
            for name, folders in job.inputs.items()
        }
        # Their contents count, which manifests hold, not their times.
        return found | ({"files": list(map(ancient, job.files))} if job.files else {})

    return of_wildcards


def call_of(folder):
    """The arguments that every stage's command has, as params: inputs, spec and code.

    Spec and code follow from wildcards alone: Snakemake sees no change in a param that reads input or output. `inputs` takes
    the output for that: paths are to change no key of the cache, and what is read is compared as input.
    """

    @declared
    def inputs(wildcards, output):
        return input_arguments(job_at(folder, wildcards))

    @declared
    def spec(wildcards):
        return spec_argument(job_at(folder, wildcards))

    @declared
    def code(wildcards):
        return job_at(folder, wildcards).code

    return {"inputs": inputs, "spec": spec, "code": code}


def carrier_of(folder):
    """The argument for a carrier that is discarded. It is compared: keeping more or less than before trains again."""

    @declared
    def of_wildcards(wildcards):
        return job_at(folder, wildcards).carrier_argument

    return of_wildcards


@cache
def allowed(rule):
    """What the partition of the rule's jobs allows."""
    partition = workflow.get_rule(rule).resources.get("slurm_partition")
    return most_of(str(partition.raw) if partition else "")


@cache
def requested(folder, attempt):
    """What the job that writes `folder` asks of a cluster at this attempt: resource -> how much, reckoned once for all of them."""
    job = JOBS[folder]
    grown = attempt > 1 and workflow.is_main_process
    most = [allowed(job.rule)] if grown else []
    return request(STUDY, job.spec, attempt, *most, rate=RATES.get(job.rule))


# What rules that train ask beside: how many processes, when to be warned, and of jobs over several nodes who starts them.
TRAINING = ("processes", "accumulation", "slurm_extra", "mpi", "tasks", "tasks_per_gpu")


def asks(folder, *more):
    """What its job asks of a cluster: mem_mb, runtime (minutes), gpu, cpus_per_task, nodes, and `more`."""

    def asked(resource):
        @declared
        def of_job(wildcards, attempt):
            return requested(job_at(folder, wildcards).folder, attempt)[resource]

        return of_job

    kinds = ("mem_mb", "runtime", "gpu", "cpus_per_task", "nodes", *more)
    return {resource: asked(resource) for resource in kinds}


def final_output():
    """The report, the verdicts, and every table and figure."""
    results = f"results/{STUDY.study}"
    return [
        f"{results}/report.html",
        *([f"{results}/claims.json"] if STUDY.claims else []),
        *files_in(f"{results}/tables", "csv", "md", "tex"),
        *files_in(f"{results}/figures", "pdf", "png"),
    ]
