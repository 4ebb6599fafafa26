"""The low-rank representation edit LoReFT."""

from jaxtyping import Float
from torch import Tensor, nn

from grunflow.errors import BadInput


class LoReFT(nn.Module):
    """edit(h) = ((W h + b) - h R) R^T with orthonormal columns R.

    Args:
        width: D, size of the hidden state.
        rank: columns of R, at most D.

    R (D, rank) is torch's orthogonal parametrisation (householder map), float32: it has no bf16 kernel on CPU and
    weight decay would collapse it to zero. Source: ReFT (2404.03592) eq. 2; pyreft `LoreftIntervention`.
    """

    def __init__(self, width: int, rank: int) -> None:
        super().__init__()
        if not 1 <= rank <= width:
            raise BadInput(f"rank: got {rank}, expected 1 to {width}, the hidden size.")
        rotation = nn.Linear(rank, width, bias=False)
        nn.init.orthogonal_(rotation.weight)
        self.rotation = nn.utils.parametrizations.orthogonal(rotation, orthogonal_map="householder")
        self.learned_source = nn.Linear(width, rank)

    def forward(self, h: Float[Tensor, "*lead width"]) -> Float[Tensor, "*lead width"]:
        """What is to be added to h."""
        rotation: Tensor = self.rotation.weight  # type: ignore[assignment]
        return (self.learned_source(h) - h @ rotation) @ rotation.T
