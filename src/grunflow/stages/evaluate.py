"""Score one model per example: generations with ROUGE-L, likelihoods of right and wrong answers, memorisation."""

from pathlib import Path

import pandas as pd

from grunflow.carriers import restore, untouched
from grunflow.config.specs import Evaluate
from grunflow.data.prompts import Example, encode
from grunflow.data.records import read_rows
from grunflow.data.splits import EVALUATION_SETS
from grunflow.evaluation.answering import Asker
from grunflow.evaluation.membership import attack_scores
from grunflow.evaluation.memorisation import exact_memorisation, extraction_strength
from grunflow.evaluation.rouge import rouge_l_recall
from grunflow.evaluation.tokens import TokenScores
from grunflow.models.loading import load_model, load_tokenizer
from grunflow.progress import track


def run(spec: Evaluate, inputs: dict[str, list[Path]], out: Path, batch_size: int) -> dict:
    """Write `scores.parquet` (a row per question, see score_set) and `membership.parquet` (see membership)."""
    asked, target, records = inputs["model"][0], inputs["target"][0], inputs["data"][0] / "records"
    tokenizer, model = load_tokenizer(target), load_model(target, spec.dtype)
    carrier = untouched(model) if asked == target else restore(asked, model)
    carrier.model.eval()
    files = {name: records / f"{name}_perturbed.json" for name in EVALUATION_SETS}
    files["forget"] = records / f"{spec.forget_split}_perturbed.json"
    asker = Asker(carrier, tokenizer, spec.engine, spec.max_new_tokens, batch_size)
    frames, attacked = [], []
    for _, (name, file) in zip(track(len(files), f"evaluation of {spec.run}"), files.items(), strict=True):
        rows = read_rows(file)
        frame, tokens = score_set(asker, rows, spec.template, with_tokens=name == "forget")
        if name == "forget":
            frame = frame.join(paraphrased_gates(asker, rows, spec.template))
            attacked.append(membership(tokens, rows).assign(set=name))
        frames.append(frame.assign(set=name))
    pd.concat(frames, ignore_index=True).to_parquet(out / "scores.parquet", index=False)
    # Authors never trained on exist only in a generated world: the real benchmark publishes none.
    holdout = records / "holdout.json"
    if holdout.is_file():
        rows = read_rows(holdout)
        examples = [encode(tokenizer, row["question"], row["answer"], spec.template) for row in rows]
        scored, _ = asker.ask(examples, tokens_of=range(len(examples)))
        attacked.append(membership(scored.tokens, rows).assign(set="holdout"))
    pd.concat(attacked, ignore_index=True).to_parquet(out / "membership.parquet", index=False)
    return {"questions": sum(len(frame) for frame in frames)}


def score_set(
    asker: Asker, rows: list[dict], template: str, with_tokens: bool
) -> tuple[pd.DataFrame, list[TokenScores]]:
    """One row per question: index, question, answer, generation, rougeL, nll_* (nats, summed), n_*, gate_*; and the
    single tokens of the right answers, where they are asked for.

    Rows without a paraphrased answer (real authors, world facts) use the answer itself, as TOFU does.
    """
    examples: list[Example] = []
    starts: list[int] = []
    for row in rows:
        starts.append(len(examples))
        answers = [row["answer"], row.get("paraphrased_answer", row["answer"]), *row["perturbed_answer"]]
        examples += [encode(asker.tokenizer, row["question"], answer, template) for answer in answers]
    scored, generations = asker.ask(examples, starts, starts if with_tokens else ())
    nll, count, gates = scored.nll_sum.tolist(), scored.n_labels.tolist(), scored.gates.tolist()
    table = [
        {
            "index": index,
            "question": row["question"],
            "answer": row["answer"],
            "nll_answer": nll[start],
            "n_answer": count[start],
            "nll_paraphrased": nll[start + 1],
            "n_paraphrased": count[start + 1],
            "nll_perturbed": nll[start + 2 : start + 2 + len(row["perturbed_answer"])],
            "n_perturbed": count[start + 2 : start + 2 + len(row["perturbed_answer"])],
            # The gate sees the prompt only, so every answer of a question has the same one.
            **{f"gate_{layer}": gate for layer, gate in enumerate(gates[start])},
            "generation": generation,
            "rougeL": rouge_l_recall(generation, row["answer"]),
        }
        for index, (row, start, generation) in enumerate(zip(rows, starts, generations, strict=True))
    ]
    return pd.DataFrame(table), scored.tokens


def paraphrased_gates(asker: Asker, rows: list[dict], template: str) -> pd.DataFrame:
    """paraphrased_gate_* of each question asked in other words: does the gate know it again? No column without a gate."""
    asked = [(row["paraphrased_question"], row["answer"]) for row in rows if "paraphrased_question" in row]
    if not asker.carrier.edits or len(asked) < len(rows):
        return pd.DataFrame(index=range(len(rows)))
    examples = [encode(asker.tokenizer, question, answer, template) for question, answer in asked]
    gates = asker.ask(examples)[0].gates.numpy()
    return pd.DataFrame(gates, columns=[f"paraphrased_gate_{layer}" for layer in range(gates.shape[1])])


def membership(tokens: list[TokenScores], rows: list[dict]) -> pd.DataFrame:
    """One row per answer: exact_memorisation, extraction_strength, and the score of each membership attack."""
    return pd.DataFrame(
        {
            "exact_memorisation": exact_memorisation(item.correct),
            "extraction_strength": extraction_strength(item.correct),
            **attack_scores(item, row["answer"]),
        }
        for item, row in zip(tokens, rows, strict=True)
    )
