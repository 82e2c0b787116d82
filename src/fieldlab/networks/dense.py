"""Dense networks: what differs between them is the activation and how weights are drawn."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable

from jaxtyping import Float
from torch import Tensor, nn

from fieldlab.networks.linear import find_layers, hidden_layers


class Dense(nn.Module, ABC):
    """`depth` layers activate(W h + b) of `width`, then a linear layer; weights and biases as torch draws them, U(-1/sqrt(n), 1/sqrt(n))
    with n the fan-in, unless `draw` draws the weights of the hidden layers.

    Raises:
        ValueError: no layer, or one of no width.
    """

    def __init__(
        self,
        features: int,
        channels: int,
        *,
        width: int,
        depth: int,
        draw: Callable[[Tensor], object] | None,
    ) -> None:
        super().__init__()
        layers = hidden_layers(features, width=width, depth=depth)
        if draw:
            for linear in layers:
                draw(linear.weight)
        self.hidden = nn.ModuleList(layers)
        self.last = nn.Linear(width, channels)

    @abstractmethod
    def activate(self, z: Float[Tensor, "*n width"], layer: int) -> Float[Tensor, "*n width"]:
        """The activation of the layer of this number, 0 the one that reads the features, at pre-activations z."""

    def forward(self, h: Float[Tensor, "*n features"]) -> Float[Tensor, "*n c"]:
        for layer, linear in enumerate(self.hidden):
            h = self.activate(linear(h), layer)
        return self.last(h)


def draw_for_sines(network: Dense, omega_0: float) -> None:
    """Weights as in `Siren`: the first ~ U(-1/n, 1/n), hidden and last ~ U(-sqrt(6/n)/omega_0, sqrt(6/n)/omega_0), n the fan-in."""
    for layer, linear in enumerate(find_layers(network)):
        fan_in = linear.in_features
        bound = math.sqrt(6 / fan_in) / omega_0 if layer else 1 / fan_in
        nn.init.uniform_(linear.weight, -bound, bound)


def check_positive(**settings: float) -> None:
    """Raise a ValueError that names the first setting that is not positive."""
    for name, value in settings.items():
        if value <= 0:
            raise ValueError(f"{name} must be positive, not {value}")
