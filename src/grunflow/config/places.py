"""Where a benchmark's runs lie, what restoring one reads, and which files outside the package define it."""

from grunflow.benchmarks.base import BASE, RETAIN, TARGET
from grunflow.config.conditions import looks_beside
from grunflow.config.job import Inputs
from grunflow.config.local import files_of
from grunflow.config.methods import carrier_source, condition_source, trains
from grunflow.config.models import Model
from grunflow.config.runs import Part, Run
from grunflow.config.starts import is_scratch
from grunflow.config.study import Resolved
from grunflow.config.terms import WEIGHTS


def root_of(part: Part) -> str:
    return f"results/{part.study.study}/{part.name}"


def folder_of(part: Part, run: Run) -> str:
    """What training a run wrote: a fine-tuned model, or the folder of an unlearning run; "" of a model that no job trains."""
    root = f"{root_of(part)}/runs"
    if run.is_reference and run.objective == BASE:
        return f"{root}/{run.model}/{BASE}" if is_scratch(part.study.models[run.model]) else ""
    if part.theirs(run) or (run.is_reference and part.published(run.model, run.objective)):
        return ""
    if run.is_reference and not part.benchmark.training[run.objective].split:
        return f"{root}/{run.model}/{run.objective}_t{run.target_seed}"
    return f"{root}/{run.path}"


def keeps(study: Resolved, carrier: str) -> bool:
    """Whether what this carrier trained stays once nothing more is to read it."""
    return study.keep == "all" or (study.keep == "adapters" and trains(study, carrier) != WEIGHTS)


def place_of(part: Part, run: Run) -> str:
    """Where a run's carrier lies: its folder, or one that is discarded."""
    return folder_of(part, run) if keeps(part.study, run.carrier) else f"{root_of(part)}/carriers/{run.path}"


def start_of(part: Part, run: Run) -> Inputs:
    """`start`: finished folders that a run goes on from, each made from the one before; none for a hub's base."""
    reference = Run(run.benchmark, run.model, run.split, part.benchmark.start, target_seed=run.target_seed)
    folders = [folder_of(part, reference), *(place_of(part, item) for item in run.chain[:-1])]
    return {"start": tuple(filter(None, folders))} if any(folders) else {}


def asked(part: Part, run: Run) -> Inputs:
    """What scoring a run reads: the data, and the folders that its model is restored from; where a carrier lies apart also the
    run's folder, which stays, so that scores remain tied to the training they are of."""
    data: Inputs = {"data": (f"{root_of(part)}/data",)}
    if run.is_reference:
        folder = folder_of(part, run)
        return data | ({"start": (folder,)} if folder else {})
    apart = place_of(part, run) != folder_of(part, run)
    return (
        data
        | start_of(part, run)
        | {"model": (place_of(part, run),)}
        | ({"run": (folder_of(part, run),)} if apart else {})
    )


def beside(part: Part, run: Run, condition: str) -> Inputs:
    """What a condition reads beside the run: the target model's folder, where a job writes one, and the retain model's scores under
    it."""
    if not looks_beside(condition_source(part.study, condition)):
        return {}
    target, retain = part.reference(run, TARGET), part.reference(run, RETAIN)
    if target is None or retain is None:
        raise ValueError(
            f"{condition}: {run.path} has no target and retain model beside it, and conditions.is_put_to says so"
        )
    folder = folder_of(part, target)
    known: Inputs = {"beside": (folder,)} if folder else {}
    return known if run == retain else known | {"baseline": (scores_of(part, retain.path, condition),)}


def scores_of(part: Part, path: str, condition: str) -> str:
    """Where the scores of a run (or a state of a sequence) of this path lie."""
    return f"{root_of(part)}/scores/{path}/{condition}"


def read_from_folder(model: Model, inputs: Inputs) -> tuple[str, ...]:
    """Files of a model in a local folder, of a job that loads it from there and not from what another job made."""
    return () if inputs.get("start") else files_of(model)


def carrier_files(part: Part, run: Run) -> tuple[str, ...]:
    """Files outside the package that define a run's carriers."""
    sources = [carrier_source(part.study, item.carrier) for item in run.chain if item.carrier]
    return tuple(dict.fromkeys(str(source.path) for source in sources if source.outside))


def attacker_files(part: Part, name: str) -> tuple[str, ...]:
    """The file outside the package that defines what an attacker trains."""
    source = carrier_source(part.study, part.study.attacks[name].carrier)
    return (str(source.path),) if source.outside else ()


def condition_files(part: Part, condition: str) -> tuple[str, ...]:
    """The file outside the package that defines a condition."""
    source = condition_source(part.study, condition)
    return (str(source.path),) if source.outside else ()
