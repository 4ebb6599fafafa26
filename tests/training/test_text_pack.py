"""Whole texts without padding: losses and gradients of the padded path, for every objective that reads scores."""

import pytest
import torch

from grunflow.carriers.stack import Stack
from grunflow.data.batching import collate
from grunflow.objectives.loading import objective as load
from grunflow.stages.finetune import Fitting
from grunflow.training.engine import batch_maker
from grunflow.training.step import Texts, step_loss, totals_of
from grunflow.training.text_pack import TextPack, padded_by_model, text_pack, whole_forward
from tests.parts import carrier as carrier_spec
from tests.parts import objective as objective_spec
from tests.training.test_engine import ON_SCORES, Read, on_top, some_examples

CARRIERS = {
    "full": carrier_spec("full"),
    "lora": carrier_spec("lora", rank=2, alpha=4, dropout=0.0),
    "grun": carrier_spec("grun", rank=2, layers=(1, 3), gate="mlp_3", gate_weight=10),
}


def gradients(stack: Stack) -> list[torch.Tensor]:
    found = [torch.zeros_like(p) if p.grad is None else p.grad.clone() for p in stack.trained()]
    stack.top.trained_module.zero_grad()
    return found


@pytest.mark.parametrize("retain", ["nll", "kl"])
@pytest.mark.parametrize("objective", ON_SCORES)
@pytest.mark.parametrize("carrier", CARRIERS)
def test_a_step_in_parts_equals_the_padded_one(make_model, carrier: str, objective: str, retain: str) -> None:
    stack, reference = on_top(CARRIERS[carrier], make_model()), Stack(make_model())
    kind = load(objective_spec(objective, retain=retain))
    sets = [
        some_examples(seed) if wanted else None for seed, wanted in ((0, kind.answers), (1, kind.refusals), (2, True))
    ]
    want = step_loss(stack, reference, kind, Texts(*(collate(part, 0) if part else None for part in sets)))
    want.backward()
    expected = gradients(stack)
    parts = [
        Texts(*(text_pack(part[a:b], stack.model.device) if part else None for part in sets))
        for a, b in ((0, 4), (4, 9))
    ]
    totals = totals_of(kind, parts)
    losses = [step_loss(stack, reference, kind, part, totals) for part in parts]
    assert sum(losses).item() == pytest.approx(want.item(), rel=1e-6, abs=5e-6)  # terms of 4 nats may cancel
    sum(losses).backward()
    for got, gradient in zip(gradients(stack), expected, strict=True):
        assert (got - gradient).norm() <= 1e-5 * gradient.norm() + 1e-7


def test_every_token_but_the_first_may_be_a_label(make_model) -> None:
    stack, examples = Stack(make_model()), some_examples(5)
    batch, packed = collate(examples, 0, loss_on_prompt=True), text_pack(examples, stack.model.device, True)
    logits = stack.forward(batch).logits[:, :-1][batch.labels[:, 1:] != -100]
    rows = (batch.labels[:, 1:] != -100).nonzero()[:, 0]
    got = whole_forward(stack, [packed])[0][0]
    for row in range(len(examples)):
        torch.testing.assert_close(got[packed.row == row], logits[rows == row])
    assert packed.n_labels.tolist() == [len(example.ids) - 1 for example in examples]


@pytest.mark.parametrize(
    ("engine", "kind", "form"),
    [("fast", objective_spec("gd"), TextPack), ("plain", objective_spec("gd"), None),
     ("fast", objective_spec("kl", kl_positions="all"), None),
     ("fast", objective_spec("rmu", layer=1, steering=5.0, rmu_positions="tokens"), None)],
)  # fmt: skip
def test_texts_are_packed_where_that_changes_nothing(make_model, engine: str, kind, form: type | None) -> None:
    stack, examples = on_top(CARRIERS["full"], make_model()), some_examples(1)
    made = batch_maker(engine, load(kind), stack, 0, None, Read(examples, []), 4)
    assert isinstance(made.make(examples[:3]), TextPack) == (form is TextPack)


def test_a_model_that_drops_attention_is_trained_on_padded_texts(make_model) -> None:
    model = make_model()
    assert padded_by_model(model, 20, 1) is None
    assert "FSDP" in str(padded_by_model(model, 20, 2))
    model.config.attention_dropout = 0.1
    assert "drops attention" in str(padded_by_model(model, 20, 1))


@pytest.mark.parametrize("mean_rows", [None, 4])
@pytest.mark.parametrize("whole", [False, True])
def test_fine_tuning_on_packed_texts_takes_the_padded_loss(make_model, whole: bool, mean_rows: int | None) -> None:
    examples, losses, found = some_examples(2), [], []
    for packs in (False, True):
        model = make_model()
        goal = Fitting(Stack(model), examples, 0, whole, mean_rows, packs)
        loss = sum(share.loss() for share in goal.shares(list(range(9)), 4))
        loss.backward()
        losses.append(loss.item())
        found.append([parameter.grad for parameter in model.parameters()])
    assert losses[1] == pytest.approx(losses[0], rel=1e-6)
    for got, want in zip(found[1], found[0], strict=True):
        assert (got - want).norm() <= 1e-5 * want.norm() + 1e-7
