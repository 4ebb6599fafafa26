"""A decoder's shape: what FLOPs, memory and bytes on disk follow from."""

from dataclasses import dataclass
from typing import Any

from grunflow.config.models import Architecture
from grunflow.models.widths import feed_forward


@dataclass(frozen=True)
class Shapes:
    """The sizes of a Llama-like decoder: gated feed-forward, grouped keys and values, rotary positions."""

    hidden: int
    layers: int
    heads: int
    kv_heads: int
    head_size: int
    intermediate: int
    vocabulary: int
    tied: bool

    @classmethod
    def of_sheet(cls, architecture: Architecture, vocabulary: int) -> "Shapes":
        """The shapes of a row of the models sheet; `vocabulary` is the study's, for a row that names none."""
        return cls(
            architecture.hidden_size,
            architecture.layers,
            architecture.heads,
            architecture.kv_heads or architecture.heads,
            architecture.hidden_size // architecture.heads,
            feed_forward(architecture),
            architecture.vocabulary or vocabulary,
            architecture.tied,
        )

    @classmethod
    def of_model(cls, config: Any) -> "Shapes":
        """The shapes that a transformers config describes."""
        heads = config.num_attention_heads
        return cls(
            config.hidden_size,
            config.num_hidden_layers,
            heads,
            getattr(config, "num_key_value_heads", heads),
            getattr(config, "head_dim", None) or config.hidden_size // heads,
            config.intermediate_size,
            config.vocab_size,
            config.tie_word_embeddings,
        )

    @property
    def linears(self) -> dict[str, tuple[int, int]]:
        """Linear layer of a block -> (in, out)."""
        queries, keys = self.heads * self.head_size, self.kv_heads * self.head_size
        return {
            "self_attn.q_proj": (self.hidden, queries),
            "self_attn.k_proj": (self.hidden, keys),
            "self_attn.v_proj": (self.hidden, keys),
            "self_attn.o_proj": (queries, self.hidden),
            "mlp.gate_proj": (self.hidden, self.intermediate),
            "mlp.up_proj": (self.hidden, self.intermediate),
            "mlp.down_proj": (self.intermediate, self.hidden),
        }

    def weights(self, *names: str) -> int:
        """How many weights the linear layers of those names have in one block; a name that is none counts nothing."""
        return sum(rows * columns for name, (rows, columns) in self.linears.items() if name in names)

    @property
    def block(self) -> int:
        """Weights of a block's linear layers."""
        return self.weights(*self.linears)

    @property
    def head(self) -> int:
        """Weights of the output layer; it multiplies every state also where it is the embedding."""
        return self.hidden * self.vocabulary

    @property
    def parameters(self) -> int:
        """All of them: embedding, blocks with two norms each, last norm and, where it is not tied, the head."""
        embeddings = self.head if self.tied else 2 * self.head
        return embeddings + self.layers * (self.block + 2 * self.hidden) + self.hidden
