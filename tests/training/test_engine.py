"""The fast engine in training: equal losses to the plain one, its store on disk, and when it steps aside."""

from pathlib import Path

import pytest
import torch

from grunflow.carriers.stack import Stack
from grunflow.config import facts
from grunflow.config.parts import CarrierSpec, ObjectiveSpec
from grunflow.data.batching import collate
from grunflow.data.prompts import Example
from grunflow.job import RunningJob, running
from grunflow.objectives.loading import objective as load
from grunflow.training.engine import batch_maker, plain_reason
from grunflow.training.frozen_pack import Pack, pack
from grunflow.training.frozen_states import ROWS_PER_FILE, FrozenStates, frozen_rows, name_of, of_whole, write_states
from grunflow.training.reference import reference_of
from grunflow.training.step import Texts, step_loss, totals_of
from tests.parts import carrier as carrier_spec
from tests.parts import objective as objective_spec

SPEC = carrier_spec("grun", rank=2, layers=(1, 3), gate="mlp_3", gate_weight=10)
ON_SCORES = [
    name for name in facts.names(facts.OBJECTIVE)
    if not facts.facts(facts.file_of(facts.OBJECTIVE, name)).get("STATES")
]  # fmt: skip


def some_examples(seed: int, count: int = 9) -> list[Example]:
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.randint(5, 20, (count,), generator=generator).tolist()
    return [Example(torch.randint(3, 64, (n,), generator=generator).tolist(), 2 + n % 4) for n in lengths]


class Read:
    """A stream's texts."""

    rows = 0

    def order(self): ...

    def read(self, step): ...

    def __init__(self, examples: list[Example], compared: list[Example]) -> None:
        self.examples, self.asked = examples, compared

    def every(self) -> list[Example]:
        return self.examples

    def compared(self) -> list[Example]:
        return self.asked


def on_top(spec: CarrierSpec, model) -> Stack:
    stack = Stack(model)
    stack.attach(spec, 0)
    return stack


@pytest.mark.parametrize("retain", ["nll", "kl"])
@pytest.mark.parametrize("objective", ON_SCORES)
def test_a_whole_step_equals_the_plain_engines_in_parts_too(make_model, objective: str, retain: str) -> None:
    model = make_model()
    stack, reference = on_top(SPEC, model), Stack(model)
    kind = load(objective_spec(objective, retain=retain))
    sets = [
        some_examples(seed) if wanted else None for seed, wanted in ((0, kind.answers), (1, kind.refusals), (2, True))
    ]
    plain = Texts(*(collate(part, 0) if part else None for part in sets))
    want = step_loss(stack, reference, kind, plain)
    want.backward()
    expected = [parameter.grad.clone() for parameter in stack.trained()]
    stack.top.trained_module.zero_grad()
    rows = [[row for _, row in sorted(frozen_rows(model, part, 1, 0, 4))] if part else None for part in sets]
    parts = [Texts(*(pack(part[a:b], model.device) if part else None for part in rows)) for a, b in ((0, 4), (4, 9))]
    totals = totals_of(kind, parts)
    losses = [step_loss(stack, reference, kind, part, totals) for part in parts]
    assert sum(losses).item() == pytest.approx(want.item(), rel=1e-5)
    sum(losses).backward()
    for parameter, gradient in zip(stack.trained(), expected, strict=True):
        assert (parameter.grad - gradient).norm() <= 2e-5 * gradient.norm() + 1e-6


def test_the_store_gives_back_what_was_written_file_by_file(make_model, tmp_path: Path) -> None:
    model, examples = make_model(), some_examples(3, ROWS_PER_FILE + 3)
    rows = {name_of(examples[index]): row for index, row in frozen_rows(model, examples, 1, 0, 16)}
    named = {name_of(example): example for example in examples}
    assert write_states(of_whole(model, 1, 0, 16), named, tmp_path) == len(rows)
    assert len(list(tmp_path.glob("*.safetensors"))) == 2
    store = FrozenStates(tmp_path)
    for example in examples:
        assert example in store
        for name, tensor in vars(rows[name_of(example)]).items():
            torch.testing.assert_close(getattr(store[example], name), tensor)
    assert Example(examples[0].ids, examples[0].prompt_length + 1) not in store


def test_an_interrupted_job_goes_on_behind_its_last_whole_file(make_model, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    model = make_model()
    named = {name_of(example): example for example in some_examples(3, 2 * ROWS_PER_FILE + 1)}
    whole, resumed = tmp_path / "whole", tmp_path / "resumed"
    whole.mkdir()
    resumed.mkdir()
    write_states(of_whole(model, 1, 0, 16), named, whole)
    identity = {"stage": "cache_frozen_states", "out": str(resumed), "spec": {}, "code": "c", "inputs": {}}
    calls = 0

    def count(module, args, output) -> None:
        nonlocal calls
        calls += 1
        if calls == 6:  # four batches make the first file, two of four of the second are done
            raise KeyboardInterrupt

    with model.model.norm.register_forward_hook(count):
        with pytest.raises(KeyboardInterrupt), running(RunningJob(identity)):
            write_states(of_whole(model, 1, 0, 16), named, resumed)
        assert not list(resumed.iterdir())
        with running(RunningJob(identity)) as job:
            write_states(of_whole(model, 1, 0, 16), named, resumed)
    assert calls == 6 + 4 + 1  # the second file and the third, not the first again
    for path in whole.iterdir():
        assert (resumed / path.name).read_bytes() == path.read_bytes()
    job.end()
    assert not job.folder.exists()


def test_what_the_cache_lacks_is_computed_and_gives_the_same_pack(make_model, tmp_path: Path) -> None:
    model, examples = make_model(), some_examples(4)
    write_states(of_whole(model, 1, 0, 16), {name_of(example): example for example in examples[:5]}, tmp_path)
    cached, fresh = (
        batch_maker("fast", load(objective_spec("npo")), on_top(SPEC, model), 0, folder, Read(examples, []), 16).make(
            examples
        )
        for folder in (tmp_path, None)
    )
    assert isinstance(cached, Pack)
    torch.testing.assert_close(cached.hidden, fresh.hidden)
    torch.testing.assert_close(cached.nll, fresh.nll)
    assert torch.equal(cached.labels, fresh.labels)


@pytest.mark.parametrize(
    ("objective", "carrier", "longest", "reason"),
    [
        (objective_spec("npo"), carrier_spec("full"), 9, "carrier full does more than edit block outputs"),
        (objective_spec("rmu", layer=1, steering=1), SPEC, 9, "the objective reads hidden states"),
        (objective_spec("kl", kl_positions="all"), SPEC, 9, "kl_positions is all"),
        (objective_spec("npo"), SPEC, 9, None),
        (objective_spec("npo"), SPEC, 32, "a text of 32 tokens fills the model's window of 32"),
    ],
)
def test_it_says_why_it_steps_aside(
    make_model, objective: ObjectiveSpec, carrier: CarrierSpec, longest: int, reason: str | None
) -> None:
    stack = on_top(carrier, make_model())
    stack.model.config.sliding_window = 32
    found = plain_reason("fast", load(objective), stack, longest)
    assert found == reason if reason is None else reason in found
    assert plain_reason("plain", load(objective), stack, longest) == "engine is plain"
    stack = on_top(SPEC, stack.model)
    stack.model.config.model_type = "gpt_neox"
    assert "architecture gpt_neox is none of llama" in str(plain_reason("fast", load(objective_spec("npo")), stack, 9))


def test_edits_upon_edits_are_trained_on_the_plain_path(make_model) -> None:
    stack = on_top(SPEC, make_model())
    stack.attach(SPEC, 1)
    assert "more acts on the model" in str(plain_reason("fast", load(objective_spec("npo")), stack, 9))


@pytest.mark.parametrize("carrier", ["full", "lora"])
@pytest.mark.parametrize("objective", ["npo", "dpo"])
def test_reference_nlls_computed_once_give_the_loss_of_a_reference_model(
    make_model, objective: str, carrier: str
) -> None:
    spec = carrier_spec("full") if carrier == "full" else carrier_spec("lora", rank=2, alpha=4, dropout=0.0)
    goal, reference, model = load(objective_spec(objective)), Stack(make_model()), make_model()
    assert reference_of(goal, spec, Stack(model), "fast") is None
    assert reference_of(goal, spec, Stack(model), "plain") is not None
    trained = on_top(spec, model)
    sets = [some_examples(0), some_examples(1) if goal.refusals else None, some_examples(2)]
    compared = [example for part in sets[:2] if part for example in part]
    batches = batch_maker("fast", goal, trained, 0, None, Read([*compared, *sets[2]], compared), 4)
    assert batches.flops > 0
    made = [batches.make(part) if part else None for part in sets]
    assert made[2].reference_nll is None, "nothing compares retain rows"
    with torch.no_grad():  # as after some steps
        for parameter in trained.trained():
            parameter += 0.02 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(5))
    want = step_loss(trained, reference, goal, Texts(*(collate(p, 0) if p else None for p in sets)))
    got = step_loss(trained, None, goal, Texts(*made))
    assert got.item() == pytest.approx(want.item(), rel=1e-5)
