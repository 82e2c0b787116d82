"""An initialisation that knows its activation (VI3NR, Koneputugodage et al. 2025), for any dense network."""

import math
from collections.abc import Callable
from functools import partial
from typing import Protocol

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fieldlab.networks.dense import check_positive
from fieldlab.networks.linear import find_layers

REACH, PLACES = (
    8.0,
    20_001,
)  # of the normal distribution, in deviations: where the trapezoidal rule adds up, and at how many places


class Activates(Protocol):
    """A dense network, which has its activations as a function."""

    def activate(self, z: Tensor, layer: int) -> Tensor:
        """The activation of this layer at pre-activations z."""
        ...


class ActivationAware(nn.Module):
    """The `network` with weights ~ N(0, sigma^2 / (n q)), n the fan-in, so that all pre-activations begin with deviation `sigma`.

    q is the mean square of what a layer reads: `input_square` for the first one (1/3 for coordinates in [-1, 1]), for the others
    E[f(sigma e)^2], e ~ N(0, 1), f the activation before; the last layer gives the output deviation `output`. Biases begin at 0. This is the
    forward half of the paper's rule, its expectation by quadrature where the paper draws; `sigma` is chosen, which the backward half
    would settle.

    Raises:
        ValueError: a network that does not say its activation, numbers that are not positive.
    """

    def __init__(
        self,
        features: int,
        channels: int,
        *,
        network: Callable[..., nn.Module],
        sigma: float,
        input_square: float,
        output: float,
    ) -> None:
        check_positive(sigma=sigma, input_square=input_square, output=output)
        super().__init__()
        self.network = network(features, channels)
        activate = getattr(self.network, "activate", None)
        if activate is None:
            raise ValueError(f"network: {type(self.network).__name__} has no method activate(z, layer)")
        *hidden, last = find_layers(self.network)
        square = input_square
        for layer, linear in enumerate(hidden):
            draw(linear, sigma, square)
            with torch.no_grad():
                square = mean_square(partial(activate, layer=layer), sigma)
        draw(last, output, square)

    def forward(self, h: Float[Tensor, "*n features"]) -> Float[Tensor, "*n c"]:
        return self.network(h)


def draw(linear: nn.Linear, deviation: float, square: float) -> None:
    """Weights with which inputs of this mean square give outputs of this deviation, and biases of 0."""
    nn.init.normal_(linear.weight, std=deviation / math.sqrt(linear.in_features * square))
    nn.init.zeros_(linear.bias)


def mean_square(f: Callable[[Tensor], Tensor], sigma: float) -> float:
    """E[f(sigma e)^2] for e ~ N(0, 1), by the trapezoidal rule."""
    places = torch.linspace(-REACH, REACH, PLACES)
    density = torch.exp(-(places**2) / 2) / math.sqrt(2 * math.pi)
    return torch.trapezoid(f(sigma * places).double() ** 2 * density.double(), places.double()).item()
