"""Random weight factorisation: every unit has a trained gain (Wang et al. 2022, arXiv:2210.01274), for any dense network."""

from collections.abc import Callable, Iterator

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.utils import parametrize

from fieldlab.networks.linear import find_layers


class WeightFactorised(nn.Module):
    """The `network` with W = diag(g) V in place of each weight matrix, g and V trained: g = exp(N(mean, std^2)), V = diag(1/g) W.

    At the start it is the network itself; steps are longer where g is large. The authors take a mean of 0.5 or 1 and a deviation of 0.1.

    Raises:
        ValueError: a negative std.
    """

    def __init__(
        self, features: int, channels: int, *, network: Callable[..., nn.Module], mean: float, std: float
    ) -> None:
        if std < 0:
            raise ValueError(f"std must not be negative, but is {std}")
        super().__init__()
        self.network = network(features, channels)
        for linear in find_layers(self.network):
            parametrize.register_parametrization(linear, "weight", Factors(mean, std))

    def hidden_weights(self) -> Iterator[Tensor]:
        return (
            linear.get_parameter("parametrizations.weight.original1") for linear in find_layers(self.network)[1:-1]
        )

    def forward(self, h: Float[Tensor, "*n features"]) -> Float[Tensor, "*n c"]:
        return self.network(h)


class Factors(nn.Module):
    """g, V -> diag(g) V, and back."""

    def __init__(self, mean: float, std: float) -> None:
        super().__init__()
        self.mean, self.std = mean, std

    def forward(self, gain: Float[Tensor, " o"], rest: Float[Tensor, "o i"]) -> Float[Tensor, "o i"]:
        return gain[:, None] * rest

    def right_inverse(self, weight: Float[Tensor, "o i"]) -> tuple[Float[Tensor, " o"], Float[Tensor, "o i"]]:
        gain = torch.exp(self.mean + self.std * torch.randn(len(weight)))
        return gain, weight / gain[:, None]
