"""Micro-batches of trainings that leave them to the plan."""

import pytest

from grunflow.config.specs import Finetune, Unlearn
from grunflow.config.study import Resolved
from grunflow.costs.hardware import DEVICES, GPU_SHARE
from grunflow.costs.placing import fits
from grunflow.costs.requests import request
from grunflow.costs.stages import cost
from tests.costs.planned import job_of, study_of


def accumulated(spec: Finetune | Unlearn, accumulation: int | None) -> Finetune | Unlearn:
    """The job with another number of micro-batches; None: the plan's."""
    if isinstance(spec, Unlearn):
        return spec.model_copy(update={"training": spec.training.model_copy(update={"accumulation": accumulation})})
    assert spec.model.target is not None
    target = spec.model.target.model_copy(update={"accumulation": accumulation})
    return spec.model_copy(update={"model": spec.model.model_copy(update={"target": target})})


def spec_of(study: Resolved, rule: str, *words: str) -> Finetune | Unlearn:
    spec = job_of(study, rule, *words).spec
    assert isinstance(spec, Finetune | Unlearn)
    return spec


@pytest.mark.parametrize(
    ("gpu", "rule", "words", "gpus", "accumulation"),
    [("a100-80gb", "finetune_target", ("llama-3.1-8b",), 2, 4), ("a100-80gb", "finetune_retain", ("llama-3.1-8b",), 2, 4),
     ("a100-80gb", "finetune_target", ("mistral-7b-v0.1",), 2, 2), ("a100-80gb", "unlearn", ("tofu", "llama-3.1-8b", "npo_full"), 2, 8),
     ("a100-80gb", "unlearn", ("tofu", "mistral-7b-v0.1", "npo_full"), 2, 4), ("a100-80gb", "unlearn", ("tofu", "llama-3.1-8b", "npo_lora"), 1, 1),
     ("a100-40gb", "unlearn", ("tofu", "llama-3.1-8b", "npo_lora"), 1, 4), ("h200-141gb", "unlearn", ("tofu", "llama-3.1-8b", "npo_full"), 2, 1)],
)  # fmt: skip
def test_the_papers_are_as_few_as_fit_the_fewest_gpus(
    gpu: str, rule: str, words: tuple[str, ...], gpus: int, accumulation: int
) -> None:
    """Half as many micro-batches, where there are more than one, would need another GPU; a row in each would not save one."""
    study = study_of("config/paper.yaml").model_copy(update={"gpu": gpu})
    spec = accumulated(spec_of(study, rule, *words), None)
    found = cost(study, spec)
    assert (found.gpus, found.accumulation) == (gpus, accumulation)
    assert found.gpu_bytes <= GPU_SHARE * DEVICES[study.gpu].gpu_bytes
    assert request(study, spec)["accumulation"] == accumulation
    # Several GPUs cannot halve by themselves when memory runs out.
    assert request(study, spec, 3)["accumulation"] == (4 if gpus > 1 else 1) * accumulation
    rows = 32
    assert cost(study, accumulated(spec, rows)).gpus >= gpus
    told = cost(study, accumulated(spec, accumulation))
    assert (told.gpus, told.gpu_bytes, told.seconds) == (found.gpus, found.gpu_bytes, found.seconds)
    if accumulation > 1:
        fewer = cost(study, accumulated(spec, accumulation // 2))
        assert fewer.gpus > gpus or not fits(study, fewer)


def test_where_nothing_fits_there_is_a_row_in_each_and_on_a_cpu_all_rows_are_run_at_once() -> None:
    study = study_of("config/paper.yaml").model_copy(update={"gpu": "a100-40gb"})
    large = spec_of(study, "unlearn", "tofu", "llama-3.1-8b", "npo_lora")
    shape = large.model.architecture.model_copy(update={"layers": 320})
    deep = accumulated(large.model_copy(update={"model": large.model.model_copy(update={"architecture": shape})}), None)
    assert not fits(study, cost(study, deep))
    assert cost(study, deep).accumulation == 32
    demo = study_of("config/demo.yaml")
    full = spec_of(demo, "unlearn", "tofu", "gd_full")
    assert full.training.accumulation == 2
    assert cost(demo, accumulated(full, None)).accumulation == 1
