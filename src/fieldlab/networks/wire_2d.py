"""WIRE with a window in two directions (Saragadam et al. 2023, arXiv:2301.05187), as in the authors' code."""

from collections.abc import Iterator

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fieldlab.networks.complex_linear import ComplexLinear, real_part_of_last
from fieldlab.networks.dense import check_positive
from fieldlab.networks.linear import FirstLinear, check_sizes
from fieldlab.networks.wire import wave


class Wire2d(nn.Module):
    """`depth` layers exp(j omega_0 z - scale^2 (|z|^2 + |o|^2)), z = W h + b and o = V h + c, of `width` complex units, then the
    real part of a complex linear layer.

    Where V = 0 and c = 0 this is `Wire`. The first layer is real, the others are complex; weights as torch draws them. The authors' code
    halves the width of the networks that they compare with, 128 for 256.
    """

    omega_0: Tensor
    scale: Tensor

    def __init__(self, features: int, channels: int, *, width: int, depth: int, omega_0: float, scale: float) -> None:
        check_sizes(width, depth)
        check_positive(omega_0=omega_0, scale=scale)
        super().__init__()
        self.first = FirstLinear(features, width)
        self.first_window = FirstLinear(features, width)
        self.hidden = nn.ModuleList(ComplexLinear(width, width) for _ in range(depth - 1))
        self.windows = nn.ModuleList(ComplexLinear(width, width) for _ in range(depth - 1))
        self.last = real_part_of_last(width, channels)
        self.register_buffer("omega_0", torch.tensor(float(omega_0)))
        self.register_buffer("scale", torch.tensor(float(scale)))

    def hidden_weights(self) -> Iterator[Tensor]:
        return (part.weight for part in self.modules() if isinstance(part, ComplexLinear))

    def forward(self, h: Float[Tensor, "*n features"]) -> Float[Tensor, "*n c"]:
        z, across = self.first(h), self.first_window(h)
        h = wave(z, -(self.scale**2) * (z**2 + across**2), self.omega_0)
        for linear, window in zip(self.hidden, self.windows, strict=True):
            z = linear(h)
            real, imaginary = z.chunk(2, dim=-1)
            squares = sum(part**2 for part in (real, imaginary, *window(h).chunk(2, dim=-1)))
            h = wave(real, -self.omega_0 * imaginary - self.scale**2 * squares, self.omega_0)
        return self.last(h)
