"""Exported runs answer as the runs themselves where there is no grunflow: bit for bit, by the libraries that they are written for."""

import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoTokenizer

from grunflow.carriers.stack import FOLDER
from grunflow.config.chat import Chat
from grunflow.config.parts import CarrierSpec
from grunflow.data.batching import collate
from grunflow.data.prompts import TEMPLATES, Example, encode
from grunflow.errors import BadInput
from grunflow.evaluation.generation import continued_ids
from grunflow.exporting.base import base_of
from grunflow.exporting.prompt import put_form
from grunflow.exporting.writing import export
from grunflow.loaded import load_run, of_folder, subject_of
from tests.exporting.made import CARRIERS, QUESTIONS, run, target

WRITTEN = 12
# What a reader of the card does, one process for all: it ends where grunflow can be imported.
STRANGER = """
import json, sys, warnings
from pathlib import Path
warnings.simplefilter("ignore")
sys.modules["grunflow"] = None
try:
    import grunflow
    raise SystemExit("grunflow is here")
except ImportError:
    pass
import torch
from peft import AutoPeftModelForCausalLM, PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

here, questions, length = Path(sys.argv[1]), json.loads(sys.argv[2]), int(sys.argv[3])
plain = {"max_new_tokens": length, "do_sample": False}


def told(model, tokenizer, generate=None):
    found = []
    for question in questions:
        asked = [{"role": "user", "content": question}]
        inputs = tokenizer.apply_chat_template(asked, add_generation_prompt=True, return_tensors="pt", return_dict=True)
        ids = inputs["input_ids"]
        out = (generate or (lambda given: model.generate(**given, **plain)))(dict(inputs))[0, ids.shape[1]:]
        gates = {str(block): gate.tolist() for block, gate in getattr(model, "gates", {}).items() if gate is not None}
        ids = out.tolist()
        found.append({"ids": ids[: ids.index(tokenizer.eos_token_id)] if tokenizer.eos_token_id in ids else ids, "gates": gates})
    return found


def edits(name):
    for module in ("load_edits", "pyvene_edits"):
        sys.modules.pop(module, None)
    sys.path.insert(0, str(here / name))
    from load_edits import load
    found = {name: told(*load())}
    from pyvene_edits import load as load_pyvene
    wrapped, tokenizer = load_pyvene(), AutoTokenizer.from_pretrained(here / name)

    def generate(given):
        last = given["input_ids"].shape[1] - 1
        return wrapped.generate(given, unit_locations={"base": last}, intervene_on_prompt=True, **plain)[1]

    found[name + " by pyvene"] = told(object(), tokenizer, generate)
    sys.path.pop(0)
    return found


tokenizer = AutoTokenizer.from_pretrained(here / "lora")
base = AutoModelForCausalLM.from_pretrained(here / "lora" / json.loads((here / "lora/adapter_config.json").read_text())["base_model_name_or_path"])
found = {"lora": told(PeftModel.from_pretrained(base, here / "lora"), tokenizer)}
for name in ("full", "target"):
    found[name] = told(AutoModelForCausalLM.from_pretrained(here / name), AutoTokenizer.from_pretrained(here / name))
for name in ("grun", "deep", "reft"):
    found |= edits(name)
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A target model and a run of every carrier on it."""
    folder = tmp_path_factory.mktemp("world")
    start = target(folder / "runs" / "target_t0")
    for name in CARRIERS:
        run(folder / "runs" / name, [start], name, strong=2.0 if name == "deep" else 0.5)
    return folder


def said(folder: Path) -> list[dict[str, Any]]:
    """What the product itself answers."""
    asked = of_folder(folder)
    tokenizer, stack = subject_of(asked)
    found = []
    for question in QUESTIONS:
        example = encode(tokenizer, question, "", asked.template)
        prompt = example.ids[: example.prompt_length]
        with torch.no_grad():
            output = stack.forward(collate([Example(prompt, len(prompt))], tokenizer.pad_token_id))
        gates = dict(zip(stack.gated_blocks, output.gate_logits, strict=True))
        found.append(
            {
                "ids": continued_ids(stack, tokenizer, [prompt], WRITTEN, 1)[0],
                "gates": {str(block): logit.sigmoid().tolist() for block, logit in gates.items()},
            }
        )
    return found


@pytest.mark.slow
def test_a_process_without_grunflow_gets_the_runs_own_answers_and_gates(world: Path, tmp_path: Path) -> None:
    own = {name: said(world / "runs" / name) for name in ("target_t0", *CARRIERS)}
    for name in CARRIERS:
        export(of_folder(world / "runs" / name), tmp_path / name)
        assert [answer["ids"] for answer in own[name]] != [answer["ids"] for answer in own["target_t0"]]
    export(of_folder(world / "runs" / "target_t0"), tmp_path / "target")
    done = subprocess.run(
        [sys.executable, "-c", STRANGER, str(tmp_path), json.dumps(QUESTIONS), str(WRITTEN)],
        capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found.pop("target") == own["target_t0"]
    for name in ("grun", "deep", "reft"):
        by_pyvene = [answer["ids"] for answer in found.pop(f"{name} by pyvene")]
        assert by_pyvene == [answer["ids"] for answer in own[name]]
    assert found.keys() == set(CARRIERS)
    for name, answers in found.items():
        assert [answer["ids"] for answer in answers] == [answer["ids"] for answer in own[name]], name
        for answer, expected in zip(answers, own[name], strict=True):
            # Bit for bit on some CPUs; to float32's last digits where a product of fewer rows takes another kernel (AVX2).
            for block, gates in expected["gates"].items():
                assert answer["gates"][block] == pytest.approx(gates, rel=1e-5, abs=1e-6)
            assert answer["gates"].keys() == expected["gates"].keys()
    assert [set(answer["gates"]) for answer in found["grun"]] == [{"0", "1", "2"}] * len(QUESTIONS)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("side", ["left", "right"])
def test_the_loader_edits_each_row_of_a_padded_batch_where_the_product_does(
    world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dtype: str, side: str
) -> None:
    folder = run(tmp_path / "run", [world / "runs" / "target_t0"], "deep", dtype=dtype)
    export(of_folder(folder), tmp_path / "out")
    monkeypatch.syspath_prepend(tmp_path / "out")
    monkeypatch.delitem(sys.modules, "load_edits", raising=False)
    theirs, tokenizer = importlib.import_module("load_edits").load()
    monkeypatch.delitem(sys.modules, "load_edits")
    ours, _ = load_run(folder)
    tokenizer.padding_side = side
    batch = tokenizer(list(QUESTIONS), return_tensors="pt", padding=True)
    asked = {name: batch[name] for name in ("input_ids", "attention_mask")}
    assert len(set(asked["attention_mask"].sum(1).tolist())) > 1
    # Bit for bit on some CPUs; where a product of fewer rows takes another kernel (AVX2), to float32's last digits.
    close = {"rtol": 1e-5, "atol": 1e-5} if dtype == "float32" else {"rtol": 0, "atol": 0}
    with torch.no_grad():
        torch.testing.assert_close(theirs(**asked).logits, ours(**asked).logits, **close)
    assert theirs.dtype == getattr(torch, dtype)
    assert {block: len(gate) for block, gate in theirs.gates.items()} == {0: len(QUESTIONS), 2: len(QUESTIONS)}


@pytest.mark.parametrize("name", ["reft", "grun", "deep"])
def test_exported_edits_are_the_runs_bytes_and_little_more_than_its_parameters(
    world: Path, tmp_path: Path, name: str
) -> None:
    export(of_folder(world / "runs" / name), tmp_path / "out")
    (file,) = (tmp_path / "out").glob("*.safetensors")
    assert file.read_bytes() == (world / "runs" / name / FOLDER / file.name).read_bytes()
    numbers = sum(tensor.numel() for tensor in load_file(file).values())
    stack = subject_of(of_folder(world / "runs" / name)).stack
    assert numbers == sum(parameter.numel() for parameter in stack.top.trained_module.parameters())


def test_a_gruns_file_is_within_a_fifth_of_its_parameters_bytes_at_the_demos_shape(tmp_path: Path) -> None:
    """Width 128, rank 4, three blocks, linear gates: 3,471 parameters (issue: 212 KB before)."""
    from grunflow.config.models import Architecture
    from grunflow.fixtures.parts import carried
    from grunflow.models.tiny import build
    from tests.models.families import words

    model = build(Architecture(), words(eos_token="<eos>", pad_token="<pad>"), 0)
    stack = carried(model, "grun", rank=4, layers=(1, 2, 3), gate="linear", gate_weight=1)
    stack.top.save(tmp_path)
    (file,) = tmp_path.glob("*.safetensors")
    parameters = sum(parameter.numel() for parameter in stack.trained())
    assert parameters == 3471
    assert file.stat().st_size < 1.2 * 4 * parameters


@pytest.mark.parametrize("template", TEMPLATES)
def test_the_chat_template_writes_the_prompt_that_the_run_knows(world: Path, template: str) -> None:
    tokenizer = AutoTokenizer.from_pretrained(world / "runs" / "target_t0")
    put_form(tokenizer, template)
    example = encode(tokenizer, QUESTIONS[0], "x", template)
    asked = [{"role": "user", "content": QUESTIONS[0]}]
    found = tokenizer.apply_chat_template(asked, add_generation_prompt=True, return_dict=True)["input_ids"]
    assert found == example.ids[: example.prompt_length]


def test_a_chat_models_own_template_stays(world: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(world / "runs" / "target_t0")
    tokenizer.chat_template = "{{ messages[0]['content'] }}"
    put_form(tokenizer, Chat())
    assert tokenizer.chat_template == "{{ messages[0]['content'] }}"


def test_the_base_is_named_as_others_find_it(world: Path, tmp_path: Path) -> None:
    asked = of_folder(world / "runs" / "lora")
    base = base_of(asked, {}, tmp_path / "a" / "b", None)
    assert base is not None
    assert base.local
    assert (tmp_path / "a" / "b" / base.name).resolve() == (world / "runs" / "target_t0").resolve()
    export(asked, tmp_path / "out", "me/my-target")
    assert (
        json.loads((tmp_path / "out" / "adapter_config.json").read_text())["base_model_name_or_path"] == "me/my-target"
    )
    of_hub = asked._replace(links=asked.links[1:], spec=asked.spec.model_copy(
        update={"model": asked.spec.model.model_copy(update={"repo": "meta/llama"})}
    ))  # fmt: skip
    assert base_of(of_hub, {"model meta/llama": "0123abc"}, tmp_path, None) == ("meta/llama", "0123abc", False)


def test_the_card_tells_what_the_manifest_knows(world: Path, tmp_path: Path) -> None:
    export(of_folder(world / "runs" / "grun"), tmp_path / "out")
    card = (tmp_path / "out" / "README.md").read_text()
    assert card.startswith("---\nlibrary_name: transformers\n")
    for told in (
        "a run of gd on grun, to forget forget10", "rank 4", "layers [0, 1, 2]", "learning_rate 0.01", "unlearn_seed 1",
        "nothing was measured", "from load_edits import load", "The base model is as it was",
    ):  # fmt: skip
        assert told in card, told


def test_what_no_loader_knows_is_refused_and_nothing_written(world: Path, tmp_path: Path) -> None:
    links = [world / "runs" / "target_t0", world / "runs" / "grun"]
    beneath = (CarrierSpec(**{"name": "grun", "kind": "grun", **CARRIERS["grun"]}),)
    stacked = run(tmp_path / "stacked", links, "lora", beneath)
    with pytest.raises(
        BadInput, match=r"stacked: lies on other runs \(grun\), which an export would leave out; name a run"
    ):
        export(of_folder(stacked), tmp_path / "out")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("")
    with pytest.raises(BadInput, match="full: is there already; name a new folder"):
        export(of_folder(world / "runs" / "lora"), tmp_path / "full")
    assert not (tmp_path / "out").exists()
