"""How many rows a stage reads and how long they are: what costs follow from before any data is there."""

from typing import NamedTuple

from grunflow.config.specs import Carrier, Objective, Training
from grunflow.config.study import Study
from grunflow.costs.flops import Extent
from grunflow.data.splits import EVALUATION_SETS, RETAIN_OF_FORGET, TOFU_ROWS

WORLD_ROWS_PER_AUTHOR = 20
# What objectives read, without torch; a test compares it with OBJECTIVES. Batches of forget texts, where not one; the retain
# term, where not nll; those whose forget term reads the summed NLL, or logits, of the model before unlearning.
FORGET_BATCHES = {"dpo": 2}
RETAIN_TERM = {"ga": "none", "undial": "none", "kl": "kl", "rmu": "match"}
READS_NLL, READS_LOGITS = ("npo", "dpo"), ("undial",)


class Lengths(NamedTuple):
    """Tokens: mean prompt and answer, padded over real ones in a batch, longest row."""

    prompt: int
    answer: int
    padded: float
    longest: int

    def batch(self, rows: int) -> Extent:
        """A padded batch of mean rows; one row alone is not padded."""
        width = (self.prompt + self.answer) * (self.padded if rows > 1 else 1.0)
        return Extent(round(rows * width), round(rows * width * width), rows)

    def longest_batch(self, rows: int) -> Extent:
        return Extent(rows * self.longest, rows * self.longest**2, rows)

    def pack(self, rows: int) -> Extent:
        """The fast engine's: positions from the edited one on; attention alone is padded."""
        width = (self.prompt + self.answer) * self.padded
        return Extent(rows * self.answer, round(rows * self.answer * self.padded * width), rows)


# TOFU: measured under a BPE of 6k entries (longest: answers of about 150 tokens). The generated world: its own tokenizer.
TOFU = Lengths(28, 36, 1.46, 200)
WORLD = Lengths(13, 14, 1.3, 60)


def lengths(study: Study) -> Lengths:
    return TOFU if study.tofu else WORLD


def corpus_lengths(max_tokens: int) -> Lengths:
    """Texts are cut at max_tokens, and taken for that long."""
    return Lengths(max_tokens * 4 // 5, max_tokens - max_tokens * 4 // 5, 1.0, max_tokens)


def _retain_term(objective: Objective) -> str:
    return objective.retain or RETAIN_TERM.get(objective.name, "nll")


def batches_read(objective: Objective, carrier: Carrier) -> int:
    """Of a step: forget texts, and retain rows for the retain term or the gate."""
    kept = _retain_term(objective) != "none" or bool(carrier.gate_weight)
    return FORGET_BATCHES.get(objective.name, 1) + kept


def reads_logits(objective: Objective) -> bool:
    """Of the model before unlearning, at every step."""
    return objective.name in READS_LOGITS or _retain_term(objective) == "kl"


def reads_nll(objective: Objective, engine: str) -> bool:
    """The same of summed NLLs, which the fast engine computes once."""
    return objective.name in READS_NLL and engine == "plain"


def rows_of(study: Study, split: str) -> int:
    """Of a split of TOFU, or of the generated world with its number of authors."""
    if study.world is None:
        kept = study.tofu.retain_authors if study.tofu else None
        if kept is None or split not in ("full", *RETAIN_OF_FORGET.values()):
            return TOFU_ROWS[split]
        return kept * WORLD_ROWS_PER_AUTHOR + (TOFU_ROWS["forget10"] if split == "full" else 0)
    return TOFU_ROWS[split] * study.world.authors // 200


def evaluated_rows(study: Study) -> int:
    sets = (study.forget_split if name == "forget" else name for name in EVALUATION_SETS)
    if study.world:
        return 2 * rows_of(study, study.forget_split) + 2 * study.world.facts
    return sum(TOFU_ROWS[f"{name}_perturbed"] for name in sets)


def base_rows(study: Study) -> int:
    """Of a base from scratch: three forms of each background row, general rows twice, refused questions."""
    if study.world is None:
        return 2 * TOFU_ROWS["full"]
    return 3 * WORLD_ROWS_PER_AUTHOR * study.world.background_authors + 4 * study.world.facts + 200


def steps(training: Training, rows: int) -> int:
    """As training/loop.py counts them."""
    return training.steps or (training.epochs or 0) * -(-rows // training.batch_size)
