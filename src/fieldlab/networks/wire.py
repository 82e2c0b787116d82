"""WIRE: complex Gabor wavelets (Saragadam et al. 2023, arXiv:2301.05187), as in the authors' code."""

from collections.abc import Iterator

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fieldlab.networks.complex_linear import ComplexLinear, real_part_of_last
from fieldlab.networks.dense import check_positive
from fieldlab.networks.linear import FirstLinear, check_sizes
from fieldlab.networks.window import window


class Wire(nn.Module):
    """`depth` layers exp(j omega_0 z - |scale z|^2), z = W h + b, of `width` complex units, then the real part of a complex linear layer.

    The first layer is real, the others are complex; weights as torch draws them. The authors divide the width of the networks that
    they compare with by sqrt 2 for an equal number of parameters: 181 for 256. Far above omega_0 / scale = 2 values overflow.
    """  # complex numbers are pairs of real ones, see complex_linear.py

    omega_0: Tensor
    scale: Tensor

    def __init__(self, features: int, channels: int, *, width: int, depth: int, omega_0: float, scale: float) -> None:
        check_sizes(width, depth)
        check_positive(omega_0=omega_0, scale=scale)
        super().__init__()
        self.first = FirstLinear(features, width)
        self.hidden = nn.ModuleList(ComplexLinear(width, width) for _ in range(depth - 1))
        self.last = real_part_of_last(width, channels)
        self.register_buffer("omega_0", torch.tensor(float(omega_0)))
        self.register_buffer("scale", torch.tensor(float(scale)))

    def hidden_weights(self) -> Iterator[Tensor]:
        return (part.weight for part in self.modules() if isinstance(part, ComplexLinear))

    def wavelet(self, real: Float[Tensor, "*n w"], imaginary: Float[Tensor, "*n w"]) -> Float[Tensor, "*n 2*w"]:
        """exp(j omega_0 z - |scale z|^2) = exp(-omega_0 Im z - scale^2 |z|^2) (cos(omega_0 Re z) + j sin(omega_0 Re z))."""
        return wave(
            real, -self.omega_0 * imaginary - (self.scale * real) ** 2 - (self.scale * imaginary) ** 2, self.omega_0
        )

    def forward(self, h: Float[Tensor, "*n features"]) -> Float[Tensor, "*n c"]:
        z = self.first(h)
        h = self.wavelet(z, torch.zeros_like(z))
        for linear in self.hidden:
            h = self.wavelet(*linear(h).chunk(2, dim=-1))
        return self.last(h)


def wave(real: Float[Tensor, "*n w"], exponent: Float[Tensor, "*n w"], omega_0: Tensor) -> Float[Tensor, "*n 2*w"]:
    """exp(exponent + j omega_0 real)."""
    size, phase = window(exponent), omega_0 * real
    return torch.cat([size * phase.cos(), size * phase.sin()], dim=-1)
