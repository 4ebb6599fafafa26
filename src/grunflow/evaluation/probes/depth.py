"""In which blocks what is to be forgotten is still there: a run's states put into the target model (activation patching)."""

import pandas as pd

from grunflow.config.sets import ProbeSpec
from grunflow.errors import CheckFailed
from grunflow.evaluation.asking import Asking
from grunflow.evaluation.judges import telling
from grunflow.evaluation.patching import drops, telling_tokens
from grunflow.models.blocks import text_config

GENERATES = False
ANSWERS = 1
QUESTION_TOKENS = None
FORMS = True
PER_BLOCK = True
BESIDE = True


def probe(asking: Asking, spec: ProbeSpec) -> dict[str, pd.DataFrame]:
    """depth: a row per question with `drops`, by how much the target's log-probability of the telling words falls behind each block
    (nats), and `lacked`, the retain model's drops there.

    Options: threshold, and blocks (all, where there are none). The target model is `asking.beside`; the retain model's own scores
    under the same condition are `asking.baseline`, but where the retain model itself is asked.
    """
    assert asking.beside is not None, "jobs of a probe with BESIDE have the target model for an input"
    target = asking.beside
    blocks = spec.options.get("blocks") or range(text_config(target.model).num_hidden_layers)
    frames = []
    for asked in asking.each(spec):
        rows, form = asking.rows(asked), asking.form(asked)
        examples = [form.example(row["question"], row["answer"]) for row in rows]
        spans = [
            telling_tokens(asking.tokenizer, example, telling(row)) for example, row in zip(examples, rows, strict=True)
        ]
        found = drops(target, asking.stack, examples, spans, blocks, asking.tokenizer.pad_token_id, asking.batch_size)
        table = [
            {"index": index, "question": row["question"], "answer": row["answer"], "drops": fallen}
            for index, (row, fallen) in enumerate(zip(rows, found.tolist(), strict=True))
        ]
        frames.append(pd.DataFrame(table).assign(set=asked.name, threshold=spec.options["threshold"]))
    frame = pd.concat(frames, ignore_index=True)
    return {"depth": frame.assign(lacked=_lacked(asking, frame))}


def _lacked(asking: Asking, frame: pd.DataFrame) -> list[list[float]]:
    """The retain model's drops at the same questions."""
    if asking.baseline is None:
        return frame["drops"].tolist()
    known = pd.read_parquet(asking.baseline / "depth.parquet")
    keys = ["set", "index", "question"]
    if not known[keys].equals(frame[keys]):
        raise CheckFailed(
            f"--input baseline={asking.baseline}: holds scores of other questions; run snakemake again, which makes it anew."
        )
    return [list(map(float, fallen)) for fallen in known["drops"]]
