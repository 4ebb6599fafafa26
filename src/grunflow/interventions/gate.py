"""The soft gate g(h) = sigmoid(gate(h)): how much of the edit is applied at a token."""

from collections.abc import Callable

from torch import nn

GATES: dict[str, Callable[[int], nn.Module]] = {
    "linear": lambda width: nn.Linear(width, 1),
    # D -> 256 -> 64 -> 1 with ReLU, as GatedLoreftIntervention in the authors' code (b59fd78).
    "mlp_3": lambda width: nn.Sequential(
        nn.Linear(width, 256), nn.ReLU(), nn.Linear(256, 64), nn.ReLU(), nn.Linear(64, 1)
    ),
}
