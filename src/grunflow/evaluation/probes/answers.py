"""Likelihoods of right and wrong answers, and the greedy answer; the gates that open on the prompt."""

from typing import Any

import pandas as pd

from grunflow.config.chat import Chat
from grunflow.config.sets import ProbeSpec
from grunflow.data.prompts import Example, encode
from grunflow.data.words import check_references
from grunflow.evaluation.answering import Asker
from grunflow.evaluation.asking import Asking

GENERATES = True
ANSWERS = 7  # the right one, a paraphrase and five wrong ones
QUESTION_TOKENS = None


def probe(asking: Asking, spec: ProbeSpec) -> dict[str, pd.DataFrame]:
    """answers: a row per question (see score_set), and on forget sets what the gate says of it in other words.

    The option `others` (true) asks the paraphrased and the wrong answers too, `written` (true) lets the model write an answer,
    `any_script` (false) asks answers that ROUGE cannot read too: of a benchmark that takes no ROUGE of such a set.
    """
    frames = []
    for asked in asking.each(spec):
        asker, rows, template = asking.asker(asked), asking.rows(asked), asked.template or asking.template
        if not spec.options.get("any_script", False):
            check_references((row["answer"] for row in rows), "evaluated questions")
        frame = score_set(asker, rows, template, spec.options.get("others", True), spec.options.get("written", True))
        if asked.role == "forget" and spec.options.get("others", True):
            frame = frame.join(paraphrased_gates(asker, rows, template))
        frames.append(frame.assign(set=asked.name))
    return {"answers": pd.concat(frames, ignore_index=True)}


def score_set(
    asker: Asker, rows: list[dict[str, Any]], template: str | Chat, others: bool = True, written: bool = True
) -> pd.DataFrame:
    """One row per question: index, question, answer, generation (written), nll_* (nats, summed), n_*, gate_<block>.

    Rows without a paraphrased answer (real authors, world facts) use the answer itself, as TOFU does; without wrong answers
    the lists of those are empty.
    """
    examples: list[Example] = []
    starts: list[int] = []
    for row in rows:
        starts.append(len(examples))
        answers = [row["answer"]]
        if others:
            answers += [row.get("paraphrased_answer", row["answer"]), *row.get("perturbed_answer", ())]
        examples += [encode(asker.tokenizer, row["question"], answer, template) for answer in answers]
    scored, generations = asker.ask(examples, starts if written else ())
    nll, count, gates = scored.nll_sum.tolist(), scored.n_labels.tolist(), scored.gates.tolist()
    blocks, ends = asker.stack.gated_blocks, [*starts[1:], len(examples)]
    table = []
    for index, (row, start, end) in enumerate(zip(rows, starts, ends, strict=True)):
        found = {"index": index, "question": row["question"], "answer": row["answer"]}
        found |= {"generation": generations[index]} if written else {}
        found |= {"nll_answer": nll[start], "n_answer": count[start]}
        if others:
            found |= {"nll_paraphrased": nll[start + 1], "n_paraphrased": count[start + 1]}
            found |= {"nll_perturbed": nll[start + 2 : end], "n_perturbed": count[start + 2 : end]}
        # The gate sees the prompt only, so every answer of a question has the same one.
        table.append(found | {f"gate_{block}": gate for block, gate in zip(blocks, gates[start], strict=True)})
    return pd.DataFrame(table)


def paraphrased_gates(asker: Asker, rows: list[dict[str, Any]], template: str | Chat) -> pd.DataFrame:
    """paraphrased_gate_<block> of each question asked in other words: does the gate know it again? No column without a gate."""
    asked = [(row["paraphrased_question"], row["answer"]) for row in rows if "paraphrased_question" in row]
    blocks = asker.stack.gated_blocks
    if not blocks or len(asked) < len(rows):
        return pd.DataFrame(index=range(len(rows)))
    examples = [encode(asker.tokenizer, question, answer, template) for question, answer in asked]
    gates = asker.ask(examples)[0].gates.numpy()
    return pd.DataFrame(gates, columns=[f"paraphrased_gate_{block}" for block in blocks])
