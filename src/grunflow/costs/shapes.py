"""A decoder's shape: what FLOPs, memory and bytes on disk follow from."""

from dataclasses import dataclass
from typing import Any

from grunflow.config.models import Architecture
from grunflow.models.widths import feed_forward

# What configs call the width of the feed-forward; without one it is four times the model's.
FEED_FORWARD = ("intermediate_size", "ffn_dim", "n_inner")


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
        """The shapes that a transformers config describes; another feed-forward than Llama's counts as one of its width, and
        one of several experts as one of them."""
        text = config.get_text_config(decoder=True)
        heads, hidden = text.num_attention_heads, text.hidden_size
        return cls(
            hidden,
            text.num_hidden_layers,
            heads,
            getattr(text, "num_key_value_heads", None) or heads,
            getattr(text, "head_dim", None) or hidden // heads,
            next((value for name in FEED_FORWARD if (value := getattr(text, name, None))), 4 * hidden),
            text.vocab_size,
            text.tie_word_embeddings,
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
