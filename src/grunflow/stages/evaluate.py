"""Score one model per example: generations with ROUGE-L, likelihoods of right and wrong answers, memorisation."""

from pathlib import Path

import pandas as pd

from grunflow.carriers import restore
from grunflow.carriers.base import Carrier
from grunflow.config.specs import Evaluate
from grunflow.data.prompts import encode
from grunflow.data.records import read_rows
from grunflow.data.splits import EVALUATION_SETS
from grunflow.evaluation.generation import greedy
from grunflow.evaluation.membership import attack_scores
from grunflow.evaluation.memorisation import exact_memorisation, extraction_strength
from grunflow.evaluation.rouge import rouge_l_recall
from grunflow.evaluation.scoring import likelihoods
from grunflow.models.loading import load_model, load_tokenizer


def run(spec: Evaluate, inputs: dict[str, list[Path]], out: Path, batch_size: int) -> dict:
    """Write `scores.parquet` (a row per question, see score_set) and `membership.parquet` (see score_membership)."""
    target, records = inputs.get("target", inputs["model"])[0], inputs["data"][0] / "records"
    tokenizer = load_tokenizer(target)
    carrier = restore(inputs["model"][0], load_model(target, spec.dtype))
    carrier.model.eval()
    files = {name: records / f"{name}_perturbed.json" for name in EVALUATION_SETS}
    files["forget"] = records / f"{spec.forget_split}_perturbed.json"
    frames = []
    for name, file in files.items():
        frame = score_set(carrier, tokenizer, read_rows(file), spec, batch_size)
        frame.insert(0, "set", name)
        frames.append(frame)
    pd.concat(frames, ignore_index=True).to_parquet(out / "scores.parquet", index=False)
    # Authors never trained on exist only in a generated world: the real benchmark publishes none.
    files["holdout"] = records / "holdout.json"
    attacked = [
        score_membership(carrier, tokenizer, read_rows(files[name]), spec, batch_size).assign(set=name)
        for name in ("forget", "holdout")
        if files[name].is_file()
    ]
    pd.concat(attacked, ignore_index=True).to_parquet(out / "membership.parquet", index=False)
    return {"questions": sum(len(frame) for frame in frames)}


def score_set(carrier: Carrier, tokenizer, rows: list[dict], spec: Evaluate, batch_size: int) -> pd.DataFrame:
    """One row per question: index, question, answer, generation, rougeL, nll_* (nats, summed), n_*, gate_*.

    Rows without a paraphrased answer (real authors, world facts) use the answer itself, as TOFU does.
    """
    pairs: list[tuple[str, str]] = []
    for row in rows:
        answers = [row["answer"], row.get("paraphrased_answer", row["answer"]), *row["perturbed_answer"]]
        pairs += [(row["question"], answer) for answer in answers]
    examples = [encode(tokenizer, question, answer, spec.template) for question, answer in pairs]
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
    frame["generation"] = greedy(carrier, tokenizer, prompts, spec.max_new_tokens, batch_size)
    frame["rougeL"] = [
        rouge_l_recall(generated, row["answer"]) for generated, row in zip(frame["generation"], rows, strict=True)
    ]
    return frame


def score_membership(carrier: Carrier, tokenizer, rows: list[dict], spec: Evaluate, batch_size: int) -> pd.DataFrame:
    """One row per answer: exact_memorisation, extraction_strength, and the score of each membership attack."""
    examples = [encode(tokenizer, row["question"], row["answer"], spec.template) for row in rows]
    tokens = likelihoods(carrier, examples, tokenizer.pad_token_id, batch_size, with_tokens=True).tokens or []
    return pd.DataFrame(
        {
            "exact_memorisation": exact_memorisation(item.correct),
            "extraction_strength": extraction_strength(item.correct),
            **attack_scores(item, row["answer"]),
        }
        for item, row in zip(tokens, rows, strict=True)
    )
