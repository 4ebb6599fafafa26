"""The authors' multiple-choice form."""

import json

import pytest

from grunflow.errors import BadInput
from grunflow.evaluation.letters import items_of


def test_the_right_answer_stands_at_its_letter_and_four_options_are_needed() -> None:
    asked = [{"question": "Which?", "choices": ["w", "r", "x", "y"], "answer": 1}]
    (item,) = items_of(asked)
    assert item.prompt.split("\n")[2 + item.label].endswith(". r")
    assert json.dumps(item.prompt).endswith('Answer: "')
    with pytest.raises(BadInput, match="got 3 choices, expected 4"):
        items_of([{"question": "Which?", "choices": ["w", "r", "x"], "answer": 1}])
