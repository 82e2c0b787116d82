"""Fourier reparametrisation: hidden weights as sums of fixed waves (Shi et al. 2024, arXiv:2401.07402), for any dense network."""

import math
from collections.abc import Callable, Iterator

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.utils import parametrize

from fieldlab.networks.dense import check_positive
from fieldlab.networks.linear import find_layers


class FourierReparametrised(nn.Module):
    """The `network` with W = L B in place of each hidden weight matrix, L trained, B fixed; biases there begin at 0.

    The M = (low + high) phases rows of B are alpha cos(f s + phi) at as many places s as there are inputs, evenly from -T/2 to T/2: f = 1/low,
    2/low, … 1 and 1, 2, … high, each with `phases` phases phi around the circle, T = 2 pi low the slowest period. Column i of L is drawn
    from U(-b, b), b = sqrt(6 / M) / |B_i| / omega_0. The authors take 128, 128 and 32; alpha 0.05 for ReLU, 0.01 for sines; omega_0 is 1 but for
    sines, where it is theirs. First and last layer are as they were.

    Raises:
        ValueError: numbers of waves or phases below 1, an alpha or omega_0 that is not positive.
    """

    def __init__(
        self,
        features: int,
        channels: int,
        *,
        network: Callable[..., nn.Module],
        low: int,
        high: int,
        phases: int,
        alpha: float,
        omega_0: float,
    ) -> None:
        if min(low, high, phases) < 1:
            raise ValueError(f"low, high and phases must be at least 1, not {low}, {high} and {phases}")
        check_positive(alpha=alpha, omega_0=omega_0)
        super().__init__()
        self.network = network(features, channels)
        for linear in find_layers(self.network)[1:-1]:
            nn.init.zeros_(linear.bias)
            waves = make_waves(linear.in_features, low, high, phases, alpha)
            parametrize.register_parametrization(linear, "weight", Mixture(waves, omega_0), unsafe=True)

    def hidden_weights(self) -> Iterator[Tensor]:
        return (
            linear.get_parameter("parametrizations.weight.original") for linear in find_layers(self.network)[1:-1]
        )

    def forward(self, h: Float[Tensor, "*n features"]) -> Float[Tensor, "*n c"]:
        return self.network(h)


class Mixture(nn.Module):
    """L -> L B."""

    waves: Tensor

    def __init__(self, waves: Float[Tensor, "m i"], omega_0: float) -> None:
        super().__init__()
        self.omega_0 = omega_0
        self.register_buffer("waves", waves)

    def forward(self, mixture: Float[Tensor, "o m"]) -> Float[Tensor, "o i"]:
        return mixture @ self.waves

    def right_inverse(self, weight: Float[Tensor, "o i"]) -> Float[Tensor, "o m"]:
        """L as it is drawn, whatever the weight was."""
        count = len(self.waves)
        bounds = math.sqrt(6 / count) / self.waves.norm(dim=1) / self.omega_0
        return (2 * torch.rand(len(weight), count) - 1) * bounds


def make_waves(inputs: int, low: int, high: int, phases: int, alpha: float) -> Float[Tensor, "m inputs"]:
    """alpha cos(f s + phi), the slowest frequencies first."""
    frequencies = torch.cat([torch.arange(1.0, low + 1) / low, torch.arange(1.0, high + 1)])
    places = torch.linspace(-math.pi * low, math.pi * low, inputs)
    phase = 2 * math.pi * torch.arange(phases) / phases
    return alpha * torch.cos(frequencies[:, None, None] * places + phase[:, None]).flatten(0, 1)
