"""A job larger than a node: whole nodes, and what the executor must hear to leave the start of each to the command."""

from pathlib import Path

import pytest
import yaml

from grunflow.config.jobs import all_jobs
from grunflow.config.models import Architecture
from grunflow.config.reading import read_study
from grunflow.config.specs import Unlearn
from grunflow.config.study import Resolved
from grunflow.costs.placing import fits
from grunflow.costs.requests import request, request_for
from grunflow.costs.stages import cost
from tests.costs.test_loaded_in_part import BLOCK, EMBEDDINGS, LARGE

ROOT = Path(__file__).parents[2]
ONE_NODE = ("mpi", "tasks", "tasks_per_gpu")
# Llama-2-13B's config.json.
MIDDLE = Architecture(
    hidden_size=5120, layers=40, heads=40, kv_heads=40, intermediate_size=13824, vocabulary=32000, tied=False
)
MIDDLE_WEIGHTS = 40 * (4 * 5120**2 + 3 * 5120 * 13824) + 2 * 32000 * 5120


@pytest.fixture
def study(monkeypatch: pytest.MonkeyPatch) -> Resolved:
    monkeypatch.chdir(ROOT)
    found = read_study(yaml.safe_load((ROOT / "config" / "paper.yaml").read_text()))
    return found.model_copy(update={"gpu": "h100-80gb"})


def full_of(study: Resolved, shape: Architecture) -> Unlearn:
    spec = next(job.spec for job in all_jobs(study) if type(job.spec) is Unlearn and job.spec.carrier.kind == "full")
    # In small micro-batches: what passes through the model is whole on each GPU.
    training = spec.training.model_copy(update={"accumulation": 32})
    return spec.model_copy(
        update={"model": spec.model.model_copy(update={"architecture": shape}), "training": training}
    )


@pytest.mark.parametrize(("each", "gpus", "nodes"), [(1, 3, 3), (2, 4, 2), (4, 3, 1)])
def test_all_weights_of_a_13b_model_take_whole_nodes(study: Resolved, each: int, gpus: int, nodes: int) -> None:
    """16 bytes a weight, 208 GB, are more than two cards of 80 GB hold."""
    found = cost(study.model_copy(update={"gpus_per_node": each}), full_of(study, MIDDLE))
    assert fits(study, found)
    assert 16 * MIDDLE_WEIGHTS / found.gpus < found.gpu_bytes
    assert (found.gpus, found.nodes) == (gpus, nodes)
    weights = 2 * MIDDLE_WEIGHTS
    loading = min(each, gpus)
    # Of a node: each of its processes reads the model.
    assert loading * weights < found.host_bytes < 3 * loading * weights
    asked = request_for(found)
    assert (asked["nodes"], asked["gpu"], asked["processes"]) == (nodes, gpus, gpus)
    assert asked["cpus_per_task"] == 2 * gpus // nodes
    over = {"mpi": "srun", "tasks": nodes, "tasks_per_gpu": 0} if nodes > 1 else dict.fromkeys(ONE_NODE)
    assert {key: asked[key] for key in ONE_NODE} == over


def test_what_no_gpu_holds_before_it_is_sharded_fits_on_no_number_of_them(study: Resolved) -> None:
    """Of 70B each process would hold all float32 weights first, 282 GB."""
    found = cost(study, full_of(study, LARGE))
    assert not fits(study, found)
    assert found.gpu_bytes > 4 * (80 * BLOCK + EMBEDDINGS)


def test_what_fits_a_node_asks_for_one_and_for_nothing_of_several(study: Resolved) -> None:
    for job in all_jobs(study):
        asked = request(study, job.spec)
        assert asked["nodes"] == 1
        assert asked["gpu"] <= 8
        assert [asked[key] for key in ONE_NODE] == [None] * 3  # Snakemake leaves them out
