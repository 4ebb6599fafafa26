"""How many rows a stage reads and how long they are: what costs follow from before any data is there."""

from typing import NamedTuple

from grunflow.config.specs import Training
from grunflow.config.study import Study
from grunflow.costs.flops import Extent
from grunflow.data.splits import EVALUATION_SETS, RETAIN_OF_FORGET, TOFU_ROWS

WORLD_ROWS_PER_AUTHOR = 20
# Objectives that do not read one batch of forget texts and one of retain rows; and those that read the logits of the
# model before unlearning. A test compares both with OBJECTIVES.
TEXTS_READ = {"ga": 1, "undial": 1, "dpo": 3}
READS_LOGITS = ("kl", "undial")


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
