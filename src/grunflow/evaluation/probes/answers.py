"""Likelihoods of right and wrong answers, and the greedy answer; the gates that open on the prompt."""

from typing import Any

import pandas as pd

from grunflow.config.sets import ProbeSpec
from grunflow.data.prompts import Example
from grunflow.data.words import check_references
from grunflow.evaluation.answering import Asker
from grunflow.evaluation.asking import OTHERS, Asking
from grunflow.evaluation.form import Form

GENERATES = True
ANSWERS = 7  # the right one, a paraphrase and five wrong ones
QUESTION_TOKENS = None
FORMS = True


def probe(asking: Asking, spec: ProbeSpec) -> dict[str, pd.DataFrame]:
    """answers: a row per question (see score_set), and on forget sets what the gate says of it in other words.

    The option `others` (true) asks the paraphrased and the wrong answers too, `written` (true) lets the model write an answer,
    `any_script` (false) asks answers that ROUGE cannot read too: of a benchmark that takes no ROUGE of such a set.
    """
    frames = []
    for asked in asking.each(spec):
        asker, rows, form = asking.asker(asked), asking.rows(asked), asking.form(asked)
        if not spec.options.get("any_script", False):
            check_references((row["answer"] for row in rows), "evaluated questions")
        frame = score_set(asker, rows, form, spec.options.get("others", True), spec.options.get("written", True))
        if asked.role == "forget" and spec.options.get("others", True):
            frame = frame.join(paraphrased_gates(asker, rows, form))
        frames.append(frame.assign(set=asked.name))
    return {"answers": pd.concat(frames, ignore_index=True)}


def score_set(
    asker: Asker, rows: list[dict[str, Any]], form: Form, others: bool = True, written: bool = True
) -> pd.DataFrame:
    """One row per question: index, question, answer, generation (written), nll_* (nats, summed), n_*, gate_<block>; of an
    answer that is given in part, what is `left` of it: likelihoods and the generation are of that.

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
        examples += [form.example(row["question"], answer) for answer in answers]
    scored, generations = asker.ask(examples, starts if written else ())
    nll, count, gates = scored.nll_sum.tolist(), scored.n_labels.tolist(), scored.gates.tolist()
    blocks, ends = asker.stack.gated_blocks, [*starts[1:], len(examples)]
    table = []
    for index, (row, start, end) in enumerate(zip(rows, starts, ends, strict=True)):
        found = {"index": index, "question": row["question"], "answer": row["answer"]}
        found |= {"left": form.left(examples[start])} if form.given else {}
        found |= {"generation": generations[index]} if written else {}
        found |= {"nll_answer": nll[start], "n_answer": count[start]}
        if others:
            found |= {"nll_paraphrased": nll[start + 1], "n_paraphrased": count[start + 1]}
            found |= {"nll_perturbed": nll[start + 2 : end], "n_perturbed": count[start + 2 : end]}
        # The gate sees the prompt only, so every answer of a question has the same one.
        table.append(found | {f"gate_{block}": gate for block, gate in zip(blocks, gates[start], strict=True)})
    return pd.DataFrame(table)


def paraphrased_gates(asker: Asker, rows: list[dict[str, Any]], form: Form) -> pd.DataFrame:
    """paraphrased_gate_<block> of each question asked in other words: does the gate know it again? No column without a gate."""
    asked = [(row[OTHERS], row["answer"]) for row in rows if OTHERS in row]
    blocks = asker.stack.gated_blocks
    if not blocks or len(asked) < len(rows):
        return pd.DataFrame(index=range(len(rows)))
    examples = [form.example(question, answer) for question, answer in asked]
    gates = asker.ask(examples)[0].gates.numpy()
    return pd.DataFrame(gates, columns=[f"paraphrased_gate_{block}" for block in blocks])
