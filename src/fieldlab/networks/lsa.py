"""Learnable spectral activations: each layer learns the Fourier series of its activation, as in the authors' code."""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fieldlab.networks.dense import Dense
from fieldlab.networks.linear import find_layers

DIVISOR = 30  # of hidden weights, by which SIREN's omega_0 came into the authors' initialisation


class Lsa(Dense):
    """`depth` layers z + sum_k a_k sin(2 pi k z) for k = 1 … harmonics, z = W h + b, of `width`, then a linear layer.

    a ~ N(0, init_std^2), one series a layer; weights and biases of the first layer ~ U(-1/n, 1/n), of all others
    ~ U(-sqrt(6/n)/30, sqrt(6/n)/30), n the fan-in. The authors train a with twice the rate of the rest; here it has the same.
    """

    def __init__(
        self, features: int, channels: int, *, width: int, depth: int, harmonics: int, init_std: float
    ) -> None:
        if harmonics < 1:
            raise ValueError(f"harmonics must be at least 1, not {harmonics}")
        if init_std < 0:
            raise ValueError(f"init_std must not be negative, but is {init_std}")
        super().__init__(features, channels, width=width, depth=depth, draw=None)
        for layer, linear in enumerate(find_layers(self)):
            fan_in = linear.in_features
            bound = math.sqrt(6 / fan_in) / DIVISOR if layer else 1 / fan_in
            for parameter in linear.parameters():
                nn.init.uniform_(parameter, -bound, bound)
        self.series = nn.Parameter(init_std * torch.randn(depth, harmonics))

    def activate(self, z: Float[Tensor, "*n width"], layer: int) -> Float[Tensor, "*n width"]:
        return z + sum_sines(self.series[layer], 2 * math.pi * z)


def sum_sines(a: Float[Tensor, " k"], angle: Float[Tensor, "*n"]) -> Float[Tensor, "*n"]:
    """sum_k a_k sin(k angle) for k = 1, 2, …"""
    k = torch.arange(1, len(a) + 1, dtype=angle.dtype, device=angle.device)
    waves = (angle.unsqueeze(-1) * k).sin()
    if torch.compiler.is_compiling():
        return (waves * a).sum(-1)  # one loop, which keeps no wave
    return waves @ a
