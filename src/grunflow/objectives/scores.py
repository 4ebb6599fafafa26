"""What every term of a loss reads: the scores of a batch, now and before unlearning."""

from dataclasses import dataclass

from grunflow.models.scores import Scores


@dataclass
class Pair:
    """The trained model's scores and, where the objective reads them, those of the model before unlearning."""

    current: Scores
    reference: Scores | None = None

    @property
    def known(self) -> Scores:
        """The reference; a missing one is a programming error."""
        if self.reference is None:
            raise ValueError("this term reads the scores of the model before unlearning (reference).")
        return self.reference
