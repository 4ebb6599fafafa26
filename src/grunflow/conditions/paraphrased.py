"""The question in other words, where the data have some (`paraphrased_question` of a row); elsewhere as it stands."""

from dataclasses import replace

from grunflow.config.parts import ConditionSpec
from grunflow.errors import BadInput
from grunflow.evaluation.asking import OTHERS, Asking

PARAMETERS: dict[str, float] = {}


def put(asking: Asking, spec: ConditionSpec) -> Asking:
    """Other words of the same questions.

    Raises:
        BadInput: a set to be forgotten has none, so that nothing would be tried.
    """
    for asked in asking.sets:
        if asked.role == "forget" and not any(OTHERS in row for row in asking.rows(asked)):
            raise BadInput(
                f"conditions.{spec.name}: {asked.file} has no row with {OTHERS!r}, expected questions in other words; leave "
                "the condition out, or write them into the data."
            )
    return replace(asking, question_of=lambda asked, place, row: str(row.get(OTHERS, row["question"])))
