"""Score one model per example on the four sets: generations with ROUGE-L, likelihoods of right and wrong answers."""

from pathlib import Path

import pandas as pd

from grunflow.carriers import restore
from grunflow.carriers.base import Carrier
from grunflow.config.names import EVALUATION_SETS
from grunflow.config.specs import Evaluate
from grunflow.data.prompts import encode
from grunflow.data.records import read_rows
from grunflow.evaluation.generation import greedy
from grunflow.evaluation.rouge import rouge_l_recall
from grunflow.evaluation.scoring import likelihoods
from grunflow.models.loading import load_model, load_tokenizer


def run(spec: Evaluate, inputs: dict[str, list[Path]], out: Path, batch_size: int) -> dict:
    """Write `scores.parquet`, one row per question (columns: see score_set)."""
    target = inputs.get("target", inputs["model"])[0]
    tokenizer = load_tokenizer(target)
    carrier = restore(inputs["model"][0], load_model(target))
    carrier.model.eval()
    frames = []
    for name in EVALUATION_SETS:
        file = {"forget": f"{spec.forget_split}_perturbed"}.get(name, f"{name}_perturbed")
        rows = read_rows(inputs["data"][0] / "records" / f"{file}.json")
        frame = score_set(carrier, tokenizer, rows, spec.max_new_tokens, batch_size)
        frame.insert(0, "set", name)
        frames.append(frame)
    scores = pd.concat(frames, ignore_index=True)
    scores.to_parquet(out / "scores.parquet", index=False)
    return {"questions": len(scores)}


def score_set(carrier: Carrier, tokenizer, rows: list[dict], max_new_tokens: int, batch_size: int) -> pd.DataFrame:
    """One row per question: index, question, answer, generation, rougeL, nll_* (nats, summed), n_*, gate_*.

    Rows without a paraphrased answer (real authors, world facts) use the answer itself, as TOFU does.
    """
    pairs: list[tuple[str, str]] = []
    for row in rows:
        answers = [row["answer"], row.get("paraphrased_answer", row["answer"]), *row["perturbed_answer"]]
        pairs += [(row["question"], answer) for answer in answers]
    examples = [encode(tokenizer, question, answer) for question, answer in pairs]
    scored = likelihoods(carrier, examples, tokenizer.pad_token_id, batch_size)
    nll, count, gates = scored.nll_sum.tolist(), scored.n_labels.tolist(), scored.gates.tolist()
    table, start, prompts = [], 0, []
    for index, row in enumerate(rows):
        stop = start + 2 + len(row["perturbed_answer"])
        prompts.append(examples[start].ids[: examples[start].prompt_length])
        table.append(
            {
                "index": index,
                "question": row["question"],
                "answer": row["answer"],
                "nll_answer": nll[start],
                "n_answer": count[start],
                "nll_paraphrased": nll[start + 1],
                "n_paraphrased": count[start + 1],
                "nll_perturbed": nll[start + 2 : stop],
                "n_perturbed": count[start + 2 : stop],
                # The gate sees the prompt only, so every answer of a question has the same one.
                **{f"gate_{layer}": gate for layer, gate in enumerate(gates[start])},
            }
        )
        start = stop
    frame = pd.DataFrame(table)
    frame["generation"] = greedy(carrier, tokenizer, prompts, max_new_tokens, batch_size)
    frame["rougeL"] = [
        rouge_l_recall(generated, row["answer"]) for generated, row in zip(frame["generation"], rows, strict=True)
    ]
    return frame
