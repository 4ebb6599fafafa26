"""Padding, labels and positions."""

from grunflow.data.batching import IGNORE_INDEX, collate, length_groups
from grunflow.data.prompts import Example


def test_prompt_and_padding_are_no_labels_and_the_position_is_the_last_prompt_token() -> None:
    batch = collate([Example([5, 6, 7, 8], 2), Example([5, 9], 1)], pad_id=0)
    assert batch.input_ids.tolist() == [[5, 6, 7, 8], [5, 9, 0, 0]]
    assert batch.attention_mask.tolist() == [[1, 1, 1, 1], [1, 1, 0, 0]]
    assert batch.labels.tolist() == [[IGNORE_INDEX, IGNORE_INDEX, 7, 8], [IGNORE_INDEX, 9, IGNORE_INDEX, IGNORE_INDEX]]
    assert batch.positions.tolist() == [1, 0]


def test_loss_on_the_prompt_leaves_only_padding_out() -> None:
    assert collate([Example([5, 6], 1), Example([5], 1)], 0, True).labels.tolist() == [[5, 6], [5, IGNORE_INDEX]]


def test_length_groups_hold_every_index_once_in_order_of_length() -> None:
    groups = length_groups([5, 1, 4, 1, 3], 2)
    assert groups == [[1, 3], [4, 2], [0]]
