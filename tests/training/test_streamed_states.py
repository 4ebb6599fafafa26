"""Frozen rows block by block: the bytes that the whole model gives, with one block in memory at a time."""

from dataclasses import fields
from pathlib import Path

import pytest
import torch

from grunflow.interventions.packed import PACKABLE
from grunflow.models.loading import load_model
from grunflow.models.partly import PartlyLoaded, resident_bytes
from grunflow.training.frozen_pack import FrozenRow
from grunflow.training.frozen_states import ROWS_PER_FILE, name_of, of_whole, write_states
from grunflow.training.streamed_states import of_part
from tests.models.test_partly import BLOCKS, from_folder, saved
from tests.training.test_frozen_pack import some_examples


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("first", [0, 2, BLOCKS - 1])
@pytest.mark.parametrize("kind", PACKABLE)
def test_rows_are_the_wholes_to_the_last_bit(kind: str, first: int, dtype: str, tmp_path: Path) -> None:
    folder, examples = saved(tmp_path / "model", kind), some_examples(23)
    lists = [examples[:9], examples[9:]]
    whole = list(of_whole(load_model(folder, dtype), first, 0, 4)(lists))
    found = list(of_part(from_folder(folder, None, dtype), first, 0, 4)(lists))
    assert [item[:2] for item in found] == [item[:2] for item in whole]
    for (_, _, row), (_, _, expected) in zip(found, whole, strict=True):
        for field in fields(FrozenRow):
            assert torch.equal(getattr(row, field.name), getattr(expected, field.name)), field.name


def test_files_are_equal_and_one_block_at_a_time_is_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = saved(tmp_path / "model", "llama")
    named = {name_of(example): example for example in some_examples(ROWS_PER_FILE + 5)}
    partly = from_folder(folder, None)
    nothing, most = resident_bytes(partly.model), []
    lent = PartlyLoaded.lent

    def watched(self: PartlyLoaded, layer: int):
        most.append(resident_bytes(self.model))
        return lent(self, layer)

    monkeypatch.setattr(PartlyLoaded, "lent", watched)
    for name, rows in (("whole", of_whole(load_model(folder), 1, 0, 16)), ("streamed", of_part(partly, 1, 0, 16))):
        (tmp_path / name).mkdir()
        assert write_states(rows, named, tmp_path / name) == len(named)
    files = sorted(path.name for path in (tmp_path / "whole").iterdir())
    assert len(files) == 3
    for name in files:
        assert (tmp_path / "streamed" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name
    assert most == [nothing] * BLOCKS


def test_without_texts_no_block_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of most runs every text is cached."""
    partly = from_folder(saved(tmp_path / "model", "llama"), 3)
    monkeypatch.setattr(PartlyLoaded, "lent", None)
    assert list(of_part(partly, 2, 0, 4)([[]])) == []


def test_upper_blocks_that_are_loaded_stay(tmp_path: Path) -> None:
    """A run computes what is not cached with the blocks that it trains on."""
    folder, examples = saved(tmp_path / "model", "llama"), some_examples(5)
    partly = from_folder(folder, 3)
    upper = partly.model.model.layers[3].mlp.up_proj.weight
    found = list(of_part(partly, 2, 0, 4)([examples]))
    whole = list(of_whole(load_model(folder), 2, 0, 4)([examples]))
    assert all(
        torch.equal(row.final, expected.final) for (_, _, row), (_, _, expected) in zip(found, whole, strict=True)
    )
    assert partly.model.model.layers[3].mlp.up_proj.weight is upper
    assert partly.model.model.layers[2].mlp.up_proj.weight.is_meta
