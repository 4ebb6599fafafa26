"""A job larger than a node: whole nodes, and what the executor must hear to leave the start of each to the command."""

from pathlib import Path

import pytest
import yaml

from grunflow.config.jobs import all_jobs
from grunflow.config.reading import read_study
from grunflow.config.specs import Unlearn
from grunflow.config.study import Resolved
from grunflow.costs.placing import fits
from grunflow.costs.requests import request, request_for
from grunflow.costs.stages import cost
from tests.costs.test_loaded_in_part import BLOCK, EMBEDDINGS, LARGE

ROOT = Path(__file__).parents[2]
ONE_NODE = ("mpi", "tasks", "tasks_per_gpu")


@pytest.fixture
def study(monkeypatch: pytest.MonkeyPatch) -> Resolved:
    monkeypatch.chdir(ROOT)
    found = read_study(yaml.safe_load((ROOT / "config" / "paper.yaml").read_text()))
    return found.model_copy(update={"gpu": "h100-80gb"})


def full_of_70b(study: Resolved) -> Unlearn:
    spec = next(job.spec for job in all_jobs(study) if type(job.spec) is Unlearn and job.spec.carrier.kind == "full")
    # In small micro-batches: what passes through the model is whole on each GPU.
    training = spec.training.model_copy(update={"accumulation": 16})
    return spec.model_copy(
        update={"model": spec.model.model_copy(update={"architecture": LARGE}), "training": training}
    )


@pytest.mark.parametrize("each", [4, 8])
def test_all_weights_of_a_70b_model_take_whole_nodes(study: Resolved, each: int) -> None:
    """16 bytes a weight, 1.1 TB, are more than eight cards of 80 GB hold."""
    found = cost(study.model_copy(update={"gpus_per_node": each}), full_of_70b(study))
    assert fits(study, found)
    assert 16 * (80 * BLOCK + EMBEDDINGS) / found.gpus < found.gpu_bytes
    assert found.gpus > 8
    assert found.gpus == each * found.nodes
    weights = 2 * (80 * BLOCK + EMBEDDINGS)
    assert each * weights < found.host_bytes < 2 * each * weights  # of a node: each of its processes reads the model
    asked = request_for(found)
    assert (asked["nodes"], asked["gpu"], asked["processes"]) == (found.nodes, found.gpus, found.gpus)
    assert asked["cpus_per_task"] == 2 * each
    assert {key: asked[key] for key in ONE_NODE} == {"mpi": "srun", "tasks": found.nodes, "tasks_per_gpu": 0}


def test_what_fits_a_node_asks_for_one_and_for_nothing_of_several(study: Resolved) -> None:
    for job in all_jobs(study):
        asked = request(study, job.spec)
        assert asked["nodes"] == 1
        assert asked["gpu"] <= 8
        assert [asked[key] for key in ONE_NODE] == [None] * 3  # Snakemake leaves them out
