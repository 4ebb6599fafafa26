"""A model larger than a GPU: what edits on cached states hold of it, in the plan."""

from pathlib import Path

import pytest
import yaml

from grunflow.config.jobs import all_jobs
from grunflow.config.models import Architecture
from grunflow.config.reading import read_study
from grunflow.config.specs import CacheFrozenStates, Evaluate, SnapshotSpec, Unlearn
from grunflow.config.strengths import at
from grunflow.config.study import Resolved
from grunflow.costs import scoring, stages
from grunflow.costs.hardware import DEVICES, GPU_SHARE, TO_HOST, write_seconds
from grunflow.costs.placing import Cost, fits
from grunflow.costs.requests import request
from grunflow.costs.stages import absent_blocks, cost
from grunflow.models.room import MOST

ROOT = Path(__file__).parents[2]
# Llama-3.1-70B's config.json; a block's linear layers have 2 (8192 + 1024) 8192 + 3 x 8192 x 28672 weights.
LARGE = Architecture(
    hidden_size=8192, layers=80, heads=64, kv_heads=8, intermediate_size=28672, vocabulary=128256, tied=False
)
BLOCK, EMBEDDINGS = 855_638_016, 2 * 128256 * 8192


@pytest.fixture
def study(monkeypatch: pytest.MonkeyPatch) -> Resolved:
    monkeypatch.chdir(ROOT)
    found = read_study(yaml.safe_load((ROOT / "config" / "paper.yaml").read_text()))
    return found.model_copy(update={"gpu": "a100-80gb"})


def large(spec: Unlearn, layers: tuple[int, ...], asked: bool = False) -> Unlearn:
    model = spec.model.model_copy(update={"architecture": LARGE})
    more = {} if asked else {"snapshots": SnapshotSpec()}
    return spec.model_copy(
        update={"model": model, "carrier": spec.carrier.model_copy(update={"layers": layers}), **more}
    )


def test_edits_in_the_last_blocks_of_a_70b_model_train_on_one_card(study: Resolved) -> None:
    spec = next(
        job.spec for job in all_jobs(study) if isinstance(job.spec, Unlearn) and job.spec.carrier.edits_from() == 20
    )
    last = large(spec, (68, 74, 79))
    assert absent_blocks(last) == 69
    found = cost(study, last)
    assert fits(study, found)
    # bf16: 11 blocks and what lies outside blocks; the rest is logits, activations and what a process takes.
    weights = 2 * (11 * BLOCK + EMBEDDINGS)
    assert weights < found.gpu_bytes
    assert weights < found.host_bytes < 2 * weights
    for other in (large(spec, (68, 74, 79), asked=True), large(spec, (0, 1))):
        assert not fits(study, cost(study, other))


def test_only_a_run_on_cached_states_that_is_not_asked_on_its_way_leaves_blocks_out(study: Resolved) -> None:
    runs = [job.spec for job in all_jobs(study) if type(job.spec) is Unlearn]
    some = [spec for spec in runs if absent_blocks(spec)]
    assert 0 < len(some) < len(runs)  # requests of a sequence, which no snapshot is taken of
    for spec in some:
        assert (spec.carrier.kind, spec.snapshots.probe, spec.beneath, absent_blocks(spec)) == ("grun", None, (), 21)


def test_states_of_a_70b_model_are_cached_on_one_card(study: Resolved) -> None:
    spec = next(job.spec for job in all_jobs(study) if isinstance(job.spec, CacheFrozenStates))
    model = spec.model.model_copy(update={"architecture": LARGE})
    found = cost(study, spec.model_copy(update={"model": model, "first": 68}))
    assert fits(study, found)
    assert found.gpu_bytes > 2 * (BLOCK + EMBEDDINGS)


def test_a_70b_model_is_asked_on_one_card_where_nothing_works_on_its_weights(study: Resolved) -> None:
    """As many blocks as fit in 60 % of the card stay; each pass reads the others from the host."""
    asked = [job.spec for job in all_jobs(study) if isinstance(job.spec, Evaluate) and job.spec.benchmark == "tofu"]

    def found(carrier: str, condition: str) -> Cost:
        spec = next(
            spec
            for spec in asked
            if [each.kind for each in spec.carriers] == [carrier] and spec.condition.kind == condition
        )
        return cost(study, spec.model_copy(update={"model": spec.model.model_copy(update={"architecture": LARGE})}))

    for carrier, condition in (("grun", "plain"), ("grun", "paraphrased"), ("grun", "scaled"), ("full", "plain")):
        one = found(carrier, condition)
        assert fits(study, one)
        assert one.gpus == 1
        assert 2 * EMBEDDINGS < one.gpu_bytes < 0.92 * 80 * 2**30
        assert one.host_bytes > 2 * (80 * BLOCK + EMBEDDINGS)
        waiting = 80 - int((0.6 * 80 * 2**30 - 2 * EMBEDDINGS) // (2 * BLOCK))
        each = waiting * 2 * BLOCK / TO_HOST
        assert one.seconds > 64 * each  # a token of an answer after the other, half of up to 128 or 256 of them
    for carrier, condition in (("grun", "quantised"), ("lora", "plain"), ("full", "scaled")):
        assert not fits(study, found(carrier, condition))


def test_multiple_choice_reads_the_waiting_blocks_of_a_70b_model_once_for_many_batches(study: Resolved) -> None:
    """Seconds: of starting, of loading all weights and writing the scores, of asking, and of reading what waits: for as many texts as
    fill a tenth of the card with their states (2 x 8192 bytes a token), and once more a set."""
    asked = (job.spec for job in all_jobs(study) if isinstance(job.spec, Evaluate) and job.spec.benchmark == "wmdp")
    spec = next(spec for spec in asked if not spec.carriers and spec.condition.kind == "plain")
    spec = spec.model_copy(update={"model": spec.model.model_copy(update={"architecture": LARGE})})
    found = cost(study, spec)
    assert fits(study, found)
    questions = scoring.asked_of(spec, study, spec.probes)
    assert questions.alone == questions.scored
    assert questions.scored.rows > 14_042  # MMLU's among them
    sets = sum(len(probe.sets) for probe in spec.probes)
    readings = questions.scored.tokens * 2 * 8192 / (0.1 * 80 * 2**30) + sets
    waiting = 80 - int((0.6 * 80 * 2**30 - 2 * EMBEDDINGS) // (2 * BLOCK))
    reading = readings * waiting * 2 * BLOCK / TO_HOST
    around = DEVICES[study.gpu].start + write_seconds(2 * (80 * BLOCK + EMBEDDINGS) + questions.kept_bytes)
    assert found.seconds == pytest.approx(around + scoring.seconds_of(spec, study, questions) + reading, rel=1e-3)


def test_weights_of_carrier_full_are_read_in_place_of_the_models_but_at_a_share(study: Resolved) -> None:
    """At a share of them both lie on the GPU for a moment."""
    asked = [
        job.spec
        for job in all_jobs(study)
        if isinstance(job.spec, Evaluate) and job.spec.run.startswith("llama-3.1-8b")
    ]
    plain = next(spec for spec in asked if [each.kind for each in spec.carriers] == ["full"])
    scaled = next(spec.condition for spec in asked if spec.condition.kind == "scaled")
    one_row = study.model_copy(update={"evaluation_batch_size": 1})
    found = [cost(one_row, plain.model_copy(update={"condition": at(scaled, share)})) for share in (0.5, 1.0)]
    weights = 2 * 8_030_261_248
    assert found[0].gpu_bytes > 2 * weights > 1.2 * weights > found[1].gpu_bytes > weights
    assert found[0].seconds - found[1].seconds == pytest.approx(write_seconds(weights))


def test_keys_and_values_of_rows_that_grow_are_held_beside_the_weights(study: Resolved) -> None:
    """Llama-3.1-8B: 32 blocks of 8 heads of 128; 128 rows with 256 new tokens beside rows with one."""
    specs = (job.spec for job in all_jobs(study) if isinstance(job.spec, Evaluate) and not job.spec.carriers)
    spec = next(spec for spec in specs if spec.benchmark == "tofu" and spec.condition.kind == "plain")
    brief = spec.model_copy(update={"max_new_tokens": 1})
    assert cost(study, spec).gpu_bytes - cost(study, brief).gpu_bytes == 128 * 255 * 32 * 2 * 8 * 128 * 2


@pytest.mark.parametrize("kind", [Evaluate, CacheFrozenStates])
def test_as_many_rows_together_as_the_gpu_holds(study: Resolved, kind: type) -> None:
    spec = next(job.spec for job in all_jobs(study) if isinstance(job.spec, kind))
    many = study.model_copy(update={"gpu": "a100-40gb", "evaluation_batch_size": 2**14})
    found = cost(many, spec)
    assert fits(many, found)
    assert 1 < found.rows_at_once < 2**14
    assert not fits(many, of_size(kind)(spec, many, 2 * found.rows_at_once))
    asked = [request(many, spec, attempt)["batch_size"] for attempt in (1, 2, 40)]
    assert asked == [found.rows_at_once, found.rows_at_once // 2, 1]
    assert cost(study, spec).rows_at_once == study.evaluation_batch_size == 128


def of_size(kind: type):
    return scoring.scored if kind is Evaluate else stages._cached


def test_where_no_row_fits_as_many_are_asked_for_as_the_study_says(study: Resolved) -> None:
    """Jobs may get another card than the plan's."""
    asked = (job.spec for job in all_jobs(study) if isinstance(job.spec, Evaluate))
    spec = next(spec for spec in asked if [carrier.kind for carrier in spec.carriers] == ["lora"])
    found = cost(study, spec.model_copy(update={"model": spec.model.model_copy(update={"architecture": LARGE})}))
    assert not fits(study, found)
    assert found.rows_at_once == study.evaluation_batch_size


def test_what_is_planned_to_fit_whole_is_loaded_whole() -> None:
    """Loading takes nothing apart that the plan takes for whole (models/room.py)."""
    assert MOST >= GPU_SHARE
