"""A run's edits through stock pyvene: the same logits and texts as the product's, also after pyvene's own save and load."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import pyvene
import torch
from tests.docs.examples import ROOT
from tests.models.families import tiny, words
from torch import Tensor

from grunflow.carriers.stack import Stack
from grunflow.config.models import Architecture
from grunflow.data.batching import collate
from grunflow.data.prompts import Example, encode, text
from grunflow.data.tokenizer import train_tokenizer
from grunflow.errors import BadInput
from grunflow.evaluation.answering import Asker
from grunflow.fixtures.parts import carried
from grunflow.interventions import load_pyvene
from grunflow.interventions.pyvene import locations
from grunflow.manifest import identities_of, output_folder
from grunflow.models.loading import load_model
from grunflow.models.tiny import build

PAGE, QUESTION = ROOT / "docs" / "interventions.md", "Who are you?"
pytestmark = pytest.mark.filterwarnings("ignore")  # pyvene's own
EDITS: dict[str, tuple[str, dict[str, Any]]] = {
    "linear": ("grun", {"rank": 2, "layers": (0, 1), "gate": "linear", "gate_weight": 1}),
    "mlp": ("grun", {"rank": 3, "layers": (0, 1), "gate": "mlp_3", "gate_weight": 1}),
    "reft": ("reft", {"rank": 2, "layers": (1,)}),
}
LENGTHS = [(9, 5), (6, 3), (7, 5), (8, 5)]  # tokens of a text, of its prompt


def examples() -> list[Example]:
    generator = torch.Generator().manual_seed(1)
    return [Example(torch.randint(4, 64, (n,), generator=generator).tolist(), prompt) for n, prompt in LENGTHS]


def finished(folder: Path, write: Any, links: tuple[Path, ...] = (), beneath: tuple = ()) -> Path:
    """A folder as a stage leaves it."""
    inputs = identities_of({"start": list(links)}) if links else {}
    with output_folder(folder, spec={"beneath": beneath}, code="", inputs=inputs) as (draft, _):
        write(draft)
    return folder


def started(folder: Path, kind: str = "llama", seed: int = 0) -> Path:
    model = tiny(kind)
    for parameter in model.parameters():
        parameter.data.add_(0.3 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(seed)))

    def write(draft: Path) -> None:
        model.save_pretrained(draft)
        words(eos_token="<eos>", pad_token="<pad>").save_pretrained(draft)

    return finished(folder, write)


def run(folder: Path, start: Path, name: str = "linear", strong: float = 3.0) -> Stack:
    """A run whose edits say something, saved in `folder`."""
    kind, keys = EDITS[name]
    stack = carried(load_model(start), kind, seed=3, **keys)
    torch.manual_seed(7)
    for edit in stack.edits.values():
        edit.loreft.learned_source.weight.data.add_(strong * torch.randn_like(edit.loreft.learned_source.weight))
    finished(folder, stack.save, (start,))
    return stack


def logits_of(wrapped: Any) -> Tensor:
    batch = collate(examples(), 0)
    where = locations(batch.positions.tolist(), len(wrapped.interventions))
    with torch.no_grad():
        return wrapped(batch.inputs(), unit_locations=where)[1].logits


@pytest.mark.parametrize("name", EDITS)
@pytest.mark.parametrize("kind", ["llama", "gpt2", "gpt_neox", "qwen2", "mistral", "gemma2", "olmo"])
def test_pyvenes_logits_equal_ours_bit_for_bit_before_and_after_its_own_save_and_load(
    tmp_path: Path, kind: str, name: str
) -> None:
    start = started(tmp_path / "target", kind)
    stack = run(tmp_path / "run", start, name)
    with torch.no_grad():
        ours = stack.forward(collate(examples(), 0)).logits
    untouched = Stack(load_model(start)).forward(collate(examples(), 0)).logits
    wrapped = load_pyvene(tmp_path / "run", load_model(start))
    assert type(wrapped) is pyvene.IntervenableModel
    assert not torch.allclose(ours, untouched, atol=1e-2)
    assert torch.equal(logits_of(wrapped), ours)
    wrapped.save(str(tmp_path / "saved"))
    again = pyvene.IntervenableModel.load(str(tmp_path / "saved"), load_model(start))
    assert torch.equal(logits_of(again), ours)
    assert (
        again.count_parameters() == wrapped.count_parameters() == sum(p.numel() for p in stack.top.modules.parameters())
    )  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", EDITS)
def test_it_generates_the_products_plain_answers_with_the_prompt_edited_once(tmp_path: Path, name: str) -> None:
    start = started(tmp_path / "target")
    stack, tokenizer = run(tmp_path / "run", start, name), words(eos_token="<eos>", pad_token="<pad>")
    rows = examples()
    _, told = Asker(stack, tokenizer, "plain", 12, 4).ask(rows, range(len(rows)))
    _, before = Asker(Stack(load_model(start)), tokenizer, "plain", 12, 4).ask(rows, range(len(rows)))
    assert told != before
    wrapped = load_pyvene(tmp_path / "run", load_model(start))
    for row, expected in zip(rows, told, strict=True):
        ids = torch.tensor([row.ids[: row.prompt_length]])
        base = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
        _, found = wrapped.generate(
            base, unit_locations={"base": row.prompt_length - 1}, intervene_on_prompt=True,
            max_new_tokens=12, do_sample=False, pad_token_id=0, eos_token_id=2,
        )  # fmt: skip
        assert tokenizer.decode(found[0, row.prompt_length :], skip_special_tokens=True).strip() == expected


def test_an_edit_may_be_trained_on_through_pyvene(tmp_path: Path) -> None:
    start = started(tmp_path / "target")
    run(tmp_path / "run", start)
    wrapped = load_pyvene(tmp_path / "run", load_model(start))
    batch = collate(examples(), 0)
    wrapped(batch.inputs(), unit_locations=locations(batch.positions.tolist(), 2))[1].logits.square().sum().backward()
    assert all(parameter.grad is not None for parameter in wrapped.get_trainable_parameters())
    assert all(parameter.grad is None for parameter in wrapped.model.parameters())


def test_a_run_without_edits_is_refused_and_the_model_left_as_it_was(tmp_path: Path) -> None:
    start = started(tmp_path / "target")
    stack = carried(load_model(start), "full")
    for parameter in stack.trained():
        parameter.data.add_(1)
    finished(tmp_path / "run", stack.save, (start,))
    model = load_model(start)
    with pytest.raises(BadInput, match="carrier full trains no edits of block outputs; ask for a run that does"):
        load_pyvene(tmp_path / "run", model)
    assert torch.equal(model.lm_head.weight, load_model(start).lm_head.weight)


def test_another_model_than_the_run_started_from_is_refused(tmp_path: Path) -> None:
    start, other = started(tmp_path / "target"), started(tmp_path / "other", seed=1)
    run(tmp_path / "run", start)
    with pytest.raises(BadInput, match=r"was trained on .*target, not on .*other; load that model"):
        load_pyvene(tmp_path / "run", load_model(other))
    with pytest.raises(BadInput, match=r"its edits do not fit the model: .*load the one it started from"):
        load_pyvene(tmp_path / "run", tiny("llama", hidden_size=16))
    with pytest.raises(BadInput, match="layers: got 1, expected 0 to 0"):
        load_pyvene(tmp_path / "run", tiny("llama", num_hidden_layers=1))


def test_a_run_on_other_runs_and_an_architecture_that_pyvene_does_not_know_are_refused(tmp_path: Path) -> None:
    start, unknown = started(tmp_path / "target"), started(tmp_path / "unknown", "qwen3")
    stack = run(tmp_path / "run", start)
    finished(tmp_path / "child", stack.save, (start, tmp_path / "run"), beneath=({"name": "grun"},))
    with pytest.raises(BadInput, match="lies on other runs, which pyvene would leave out"):
        load_pyvene(tmp_path / "child", load_model(start))
    run(tmp_path / "strange", unknown)
    with pytest.raises(
        BadInput, match=r"pyvene knows no blocks of Qwen3ForCausalLM: expected one of .*LlamaForCausalLM"
    ):
        load_pyvene(tmp_path / "strange", load_model(unknown))


def test_the_package_is_imported_without_pyvene() -> None:
    code = "import sys; from grunflow.interventions import load_pyvene; assert 'pyvene' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_the_example_of_the_page_runs_as_it_stands_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Folders where the page has them; what it prints is the product's plain answer."""
    code = re.search(r'^```python title="ask_with_pyvene.py"\n(.*?)^```$', PAGE.read_text(), re.M | re.S)
    assert code is not None
    monkeypatch.chdir(tmp_path)
    runs = tmp_path / "results" / "demo" / "tofu" / "runs" / "tiny"
    tokenizer = train_tokenizer([text(QUESTION, "Nobody who can say it.")], 300)
    model = build(Architecture(hidden_size=32, layers=2, heads=2), tokenizer, 0)

    def write(draft: Path) -> None:
        model.save_pretrained(draft)
        tokenizer.save_pretrained(draft)

    start = finished(runs / "target_t0", write)
    stack = run(runs / "forget10" / "npo_grun_t0_u0", start)
    exec(code[1], {})
    example = encode(tokenizer, QUESTION, "")
    _, (told,) = Asker(stack, tokenizer, "plain", 40, 1).ask([example], [0])
    assert capsys.readouterr().out.splitlines()[-1] == told.splitlines()[-1]
