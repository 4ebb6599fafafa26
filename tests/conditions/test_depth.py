"""States of one model in another: by construction nothing changes with a model's own, and behind the last block all does."""

from pathlib import Path

import pandas as pd
import pytest
import torch
import yaml

from grunflow.carriers.chain import stacked
from grunflow.carriers.stack import Stack
from grunflow.config import specs
from grunflow.config.jobs import all_jobs
from grunflow.config.reading import read_study
from grunflow.config.sets import ProbeSpec
from grunflow.config.typed import read_yaml
from grunflow.costs.stages import cost
from grunflow.data.batching import collate
from grunflow.data.prompts import encode
from grunflow.errors import BadInput, CheckFailed
from grunflow.evaluation.patching import drops, telling_tokens
from grunflow.models.blocks import block_output
from grunflow.models.loading import start_tokenizer
from grunflow.stages import evaluate, finetune
from grunflow.work import Work
from tests.conditions.trained import MODEL, SETS, condition, unlearned
from tests.costs.test_plan import job_of
from tests.stages.made import made

RETAINED = ("sets/retain90.jsonl", "general.jsonl")
DEEP = ProbeSpec.model_validate({"kind": "depth", "sets": SETS[:1], "options": {"threshold": 0.0}})


def retain_in(world: Path) -> Path:
    if not (world / "retain").is_dir():
        spec = specs.Finetune(
            benchmark="tofu",
            model=MODEL,
            role="retain",
            files=RETAINED,
            replay="replay.jsonl",
            split="forget10",
            seed=0,
        )
        made(world / "retain", finetune, spec, data=world / "data", start=world / "target")
    return world / "retain"


def asked(world: Path, start: Path, out: str, run: str = "", probe: ProbeSpec = DEEP, **inputs: Path) -> pd.DataFrame:
    """What the stage writes in the folder `out`."""
    spec = specs.Evaluate(
        benchmark="tofu", run="mini/x", model=MODEL, carriers=(unlearned(world, run),) if run else (),
        condition=condition("depth"), beside=MODEL, probes=(probe,), max_new_tokens=4,
    )  # fmt: skip
    (world / out).mkdir()
    given = {"beside": world / "target", **({"model": world / run} if run else {}), **inputs}
    found = {name: [path] for name, path in {"data": world / "data", "start": start, **given}.items()}
    evaluate.run(spec, Work(found, world / out, 4))
    return pd.read_parquet(world / out / "depth.parquet")


def test_the_target_keeps_all_the_retain_model_lacks_all_and_an_edit_changes_states(world: Path) -> None:
    retain = asked(world, retain_in(world), "deep_retain")
    assert (retain["drops"].map(list) == retain["lacked"].map(list)).all()
    assert any(max(row) > 0 for row in retain["lacked"])
    target = asked(world, world / "target", "deep_target", baseline=world / "deep_retain")
    assert all(set(row) == {0.0} for row in target["drops"])
    assert (target["lacked"].map(list) == retain["drops"].map(list)).all()
    run = asked(world, world / "target", "deep_run", run="grun", baseline=world / "deep_retain")
    edited = [list(row) for row in run["drops"]]
    assert all(len(row) == 3 for row in edited)
    assert any(row != [0.0] * 3 for row in edited)
    other = DEEP.model_copy(update={"sets": (DEEP.sets[0].model_copy(update={"rows": 3}),)})
    with pytest.raises(CheckFailed, match="holds scores of other questions"):
        asked(world, world / "target", "deep_other", probe=other, baseline=world / "deep_retain")


def models_of(world: Path) -> tuple[Stack, Stack]:
    return stacked(MODEL, [world / "target"]), stacked(MODEL, [retain_in(world)])


def test_behind_the_last_block_the_targets_head_reads_the_others_state(world: Path) -> None:
    """By hand: the target's last norm and head on what the other model's last block gave; rows of different lengths."""
    target, other = models_of(world)
    tokenizer = start_tokenizer(MODEL, [world / "target"])
    told = [("Who is she?", "Anna of Oslo"), ("Where?", "In a very long street of Oslo, by the sea")]
    examples = [encode(tokenizer, *row) for row in told]
    spans = [[1, 2], [0]]
    found = drops(target, other, examples, spans, [0, 2], tokenizer.pad_token_id, 2)
    for number, (example, span) in enumerate(zip(examples, spans, strict=True)):
        batch, places = collate([example], 0), [example.prompt_length - 1 + place for place in span]
        with torch.no_grad():
            behind = block_output(other.model, batch.inputs(), 2)
            swapped = target.model.lm_head(target.model.model.norm(behind))[0, places].log_softmax(-1)
            plain = target.model(**batch.inputs()).logits[0, places].log_softmax(-1)
        labels = torch.tensor([example.ids[place + 1] for place in places])[:, None]
        expected = (plain.gather(1, labels) - swapped.gather(1, labels)).mean()
        assert found[number, 1] == pytest.approx(float(expected), rel=1e-4, abs=1e-6)
    same = drops(target, target, examples, spans, [0, 2], tokenizer.pad_token_id, 2)
    assert (same == 0).all()


def test_tokens_of_telling_words_are_found_in_the_answer(world: Path) -> None:
    tokenizer = start_tokenizer(MODEL, [world / "target"])
    example = encode(tokenizer, "Who wrote it?", "It was Anna Lindqvist.")
    answer = example.ids[example.prompt_length :]

    def said(told: set[str]) -> str:
        return tokenizer.decode([answer[place] for place in telling_tokens(tokenizer, example, told)]).replace(" ", "")

    assert said({"anna", "lindqvist"}) == "AnnaLindqvist"
    assert said({"was"}) == "was"
    assert said({"nobody"}) == "ItwasAnnaLindqvist."


def test_every_byte_of_a_character_is_of_its_word(world: Path) -> None:
    tokenizer = start_tokenizer(MODEL, [world / "target"])
    example = encode(tokenizer, "Who?", "It was 王明 here")
    found = telling_tokens(tokenizer, example, {"王明"})
    answer = example.ids[example.prompt_length :]
    assert len(found) > 2, "this tokenizer knows bytes of these characters alone"
    assert tokenizer.decode([answer[place] for place in found]).strip() == "王明"
    assert len(answer) - 1 not in found


def test_finished_models_stand_beside_a_run_as_trained_ones_do() -> None:
    """A retain model of somebody's is loaded from its place; a target model too, which is then no input of any job."""
    given = read_yaml("config/tofu_1b.yaml", "config")
    given["conditions"] = {"deep": {"kind": "depth"}}
    study = read_study(given)
    jobs = {job.folder: job for job in all_jobs(study) if job.folder.endswith("/deep")}
    assert jobs
    for folder, job in jobs.items():
        assert "beside" not in job.inputs
        assert job.spec.beside.repo == "open-unlearning/tofu_Llama-3.2-1B-Instruct_full"
        assert ("baseline" in job.inputs) == ("/retain/" not in folder)


def test_a_condition_that_goes_along_strengths_cannot_look_beside(tmp_path: Path) -> None:
    mine = tmp_path / "mine.py"
    mine.write_text('PROBE = "depth"\nPARAMETERS = {"threshold": 0.05, "strengths": (0.0, 1.0)}\n'
                    'LIMITS = {"strengths": "rising"}\n\n\ndef put(asking, spec):\n    return asking\n')  # fmt: skip
    given = read_yaml("config/robustness.yaml", "config")
    given["conditions"] = {"mine": {"file": str(mine)}}
    with pytest.raises(BadInput, match=r"config\.conditions\.mine\.strengths: a condition that reads .* is asked once"):
        read_study(given)


def test_a_study_plans_two_models_and_a_pass_for_each_block() -> None:
    given = read_yaml("config/robustness.yaml", "config")
    given["conditions"]["depth"] = {}
    study = read_study(given)
    spec = job_of(study, "evaluate", "gd_grun_t0_u0/depth").spec
    deep, without = cost(study, spec), cost(study, spec.model_copy(update={"beside": None}))
    given["conditions"]["depth"] = {"blocks": [3]}
    one = cost(read_study(given), job_of(read_study(given), "evaluate", "gd_grun_t0_u0/depth").spec)
    assert deep.flops == pytest.approx(one.flops * (4 + 2) / (1 + 2), rel=1e-6)
    assert deep.host_bytes > without.host_bytes


def test_one_finished_retain_model_beside_several_target_models_is_refused(tmp_path: Path) -> None:
    given = read_yaml("config/paper.yaml", "config")
    sheet = read_yaml(given["models_sheet"], "sheet")
    sheet["llama-3.1-8b"]["retain"] = {"forget05": {"repo": "somebody/retain95"}}
    (tmp_path / "models.yaml").write_text(yaml.safe_dump(sheet))
    given["models_sheet"] = str(tmp_path / "models.yaml")
    given["conditions"] = {"deep": {"kind": "depth"}}
    with pytest.raises(BadInput) as refused:
        read_study(given)
    assert str(refused.value) == (
        "config.conditions.deep: the one finished retain model of 'llama-3.1-8b' would stand beside target models of 3 seeds; give all "
        "replicates one target_seed, or leave the model out by `where`."
    )
    given["conditions"]["deep"]["where"] = {"model": ["mistral-7b-v0.1"]}
    assert read_study(given).conditions
