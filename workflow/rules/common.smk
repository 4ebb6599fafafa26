from pathlib import Path

from snakemake.exceptions import WorkflowError

from grunflow.config import runs, specs, wmdp_runs
from grunflow.config.digest import stage_digest
from grunflow.config.study import read_study
from grunflow.errors import BadInput


def checked_study():
    try:
        return read_study(config)
    except BadInput as error:
        raise WorkflowError(str(error)) from None


STUDY = checked_study()
RUNS = runs.by_path(STUDY)
WMDP_RUNS = wmdp_runs.by_path(STUDY)
WMDP_UNLEARNED = [path for path, run in WMDP_RUNS.items() if run.carrier]

TABLES = [
    "tofu_main",
    "efficiency",
    *(["tuning"] if STUDY.variants else []),
    *(["published_logs"] if STUDY.published_logs else []),
    *(["wmdp_main"] if STUDY.wmdp else []),
]
FIGURES = [
    "forget_utility",
    "gate_activations",
    *(["wmdp_accuracy"] if STUDY.wmdp else []),
]


wildcard_constraints:
    study=STUDY.study,
    model="|".join(STUDY.models),
    split=STUDY.forget_split,
    target_seed=r"\d+",
    first=r"\d+",
    run="|".join(path for path, run in RUNS.items() if not run.is_reference),
    evaluated="|".join(RUNS),
    wmdp_run="|".join(WMDP_UNLEARNED) or "-",
    wmdp_evaluated="|".join(WMDP_RUNS) or "-",


PUBLISHED_LOGS = [
    path
    for item in STUDY.published_logs
    for path in (item.log, item.retain_log)
    if path
]


# What tables and figures are made from: a folder for each part of the study.
METRICS = {
    "metrics": "results/{study}/metrics",
    **({"wmdp": "results/{study}/wmdp"} if STUDY.wmdp else {}),
}


def captions():
    return {
        "study": STUDY.study,
        "origin": runs.origin(STUDY),
        "wmdp_origin": runs.wmdp_origin(STUDY),
    }


def final_output():
    return [
        f"results/{STUDY.study}/report.html",
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


def folder_of(run):
    """Where the trained weights of a run lie: a fine-tuned model, or what unlearning trained."""
    root = f"results/{STUDY.study}/runs"
    return (
        f"{root}/{run.model}/target_t{run.target_seed}"
        if run.objective == "target"
        else f"{root}/{run.path}"
    )


def model_of(wildcards):
    return folder_of(RUNS[wildcards.evaluated])


def target_of(wildcards):
    """The model a carrier acts on; a reference model stands for itself."""
    run = RUNS[wildcards.get("run") or wildcards.evaluated]
    if run.is_reference:
        return folder_of(run)
    return f"results/{STUDY.study}/runs/{run.model}/target_t{run.target_seed}"


def finetune_inputs(wildcards):
    """A model from scratch starts at the study's base, a hub's model at the hub."""
    root = f"results/{STUDY.study}/runs"
    inputs = {"data": f"{root}/data"}
    if STUDY.models[wildcards.model].repo is None:
        inputs["base"] = f"{root}/{wildcards.model}/base"
    return inputs


def data_of(wildcards):
    """What a base is trained on: the generated world, or the made-up domains of the WMDP part."""
    of_wmdp = wildcards.model in {run.model for run in WMDP_RUNS.values()}
    return f"results/{STUDY.study}/runs/{'corpora' if of_wmdp else 'data'}"


def wmdp_inputs(wildcards):
    """Corpora; the base of a model from scratch; for an evaluation of an unlearned model, that model."""
    root = f"results/{STUDY.study}/runs"
    path = wildcards.get("wmdp_run") or wildcards.wmdp_evaluated
    run, inputs = WMDP_RUNS[path], {"data": f"{root}/corpora"}
    if STUDY.models[run.model].repo is None:
        inputs["base"] = f"{root}/{run.model}/base"
    if run.carrier and wildcards.get("wmdp_evaluated"):
        inputs["model"] = f"{root}/{path}"
    return inputs


def wmdp_spec(spec_of):
    def of_wildcards(wildcards):
        path = wildcards.get("wmdp_run") or wildcards.wmdp_evaluated
        return spec_of(STUDY, WMDP_RUNS[path]).model_dump_json()

    return of_wildcards


def named_inputs(wildcards, input):
    """`--input name=folder` for every named input."""
    return " ".join(f"--input {name}={folder}" for name, folder in input.items())


def named_folders(*names):
    """The same for those of the rule's inputs that have one of `names`."""

    def of_input(wildcards, input):
        return named_inputs(
            wildcards,
            {name: input.get(name) for name in names if input.get(name)},
        )

    return of_input


def finetune_spec(role):
    def of_wildcards(wildcards):
        seed = int(wildcards.get("target_seed", 0))
        return runs.finetune_spec(STUDY, wildcards.model, role, seed).model_dump_json()

    return of_wildcards


def unlearn_spec(wildcards):
    return runs.unlearn_spec(STUDY, RUNS[wildcards.run]).model_dump_json()


def unlearn_inputs(wildcards):
    """Data, target model and, where the run trains on them, its frozen states."""
    root, run = f"results/{STUDY.study}/runs", RUNS[wildcards.run]
    inputs = {"data": f"{root}/data", "target": target_of(wildcards)}
    first = runs.first_edited(STUDY, run)
    if first is not None:
        inputs["frozen"] = (
            f"{root}/{run.model}/{run.forget_split}/frozen_b{first}_t{run.target_seed}"
        )
    return inputs


def frozen_states_spec(wildcards):
    return runs.frozen_states_spec(
        STUDY, wildcards.model, int(wildcards.target_seed), int(wildcards.first)
    ).model_dump_json()


def evaluate_spec(wildcards):
    return runs.evaluate_spec(STUDY, RUNS[wildcards.evaluated]).model_dump_json()


def prefixed(name):
    """`--input name=folder` for every file of the rule's input of that name."""

    def of_input(wildcards, input):
        return " ".join(f"--input {name}={folder}" for folder in input.get(name))

    return of_input
