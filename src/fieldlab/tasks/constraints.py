"""Constraints: relations that a field must fulfil at points. A task's loss is a sum of them."""

from collections.abc import Callable

from jaxtyping import Float
from torch import Tensor, nn

Ensemble = Callable[[Float[Tensor, "m n dim"]], Float[Tensor, "m n c"]]


class Value(nn.Module):
    """weight * mean |Phi(x) - y|^2 over points and channels, by member."""

    def __init__(self, *, weight: float) -> None:
        super().__init__()
        if weight <= 0:
            raise ValueError(f"weight must be positive, not {weight}")
        self.weight = weight

    def forward(self, field: Ensemble, x: Float[Tensor, "m n dim"], y: Float[Tensor, "m n c"]) -> Float[Tensor, "m"]:
        return self.weight * (field(x) - y).square().mean((-2, -1))
