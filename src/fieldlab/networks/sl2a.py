"""SL2A: one layer of learned Chebyshev activations, then low-rank ReLU layers (Heidari et al. 2024, arXiv:2409.10836), as in its code."""

import math
from collections.abc import Iterator

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fieldlab.encodings.chebyshev import chebyshev
from fieldlab.networks.linear import check_sizes, find_layers

EPSILON = 1e-5  # of the variance, as torch has it


class Sl2a(nn.Module):
    """psi_j = norm_j(sum_ik A_jik T_k(tanh x_i)), k = 0 … degree; h <- max(0, U V (h psi) + b), `depth` times from h = psi; then a linear
    layer of h psi.

    U V has rank `rank`; A ~ U(-s, s) with s^2 = 6 / ((features + width) (degree + 1)); V ~ U(-1/sqrt(rank), 1/sqrt(rank)) and b likewise,
    U ~ U(-1/sqrt(width), 1/sqrt(width)). norm is a layer normalisation of each point's psi, which the paper does not mention. Its code has
    degree 256 and rank 128 to train, 512 and 32 as defaults.
    """

    def __init__(self, features: int, channels: int, *, width: int, depth: int, degree: int, rank: int) -> None:
        check_sizes(width, depth)
        if degree < 1 or rank < 1:
            raise ValueError(f"degree and rank must be at least 1, not {degree} and {rank}")
        super().__init__()
        self.degree = degree
        bound = math.sqrt(6 / ((features + width) * (degree + 1)))
        self.series = nn.Parameter(torch.empty(width, features * (degree + 1)).uniform_(-bound, bound))
        self.norm = Norm(width)
        self.down = nn.ModuleList(nn.Linear(width, rank, bias=False) for _ in range(depth))
        self.up = nn.ModuleList(nn.Linear(rank, width) for _ in range(depth))
        self.last = nn.Linear(width, channels)
        for down, up in zip(find_layers(self.down), find_layers(self.up), strict=True):
            nn.init.uniform_(down.weight, -1 / math.sqrt(rank), 1 / math.sqrt(rank))
            nn.init.uniform_(up.weight, -1 / math.sqrt(width), 1 / math.sqrt(width))

    def hidden_weights(self) -> Iterator[Tensor]:
        return (linear.weight for part in (self.down, self.up) for linear in find_layers(part))

    def forward(self, x: Float[Tensor, "*n features"]) -> Float[Tensor, "*n c"]:
        with torch.autocast(x.device.type, enabled=False):  # degrees of 256 need every bit of the coordinates
            waves = torch.stack(chebyshev(torch.tanh(x), self.degree), dim=-1).flatten(-2)
            psi = self.norm(waves @ self.series.T)
        h = psi
        for down, up in zip(self.down, self.up, strict=True):
            h = up(down(h * psi)).relu()
        return self.last(h * psi)


class Norm(nn.Module):
    """(h - mean) / sqrt(variance + 1e-5) over the features of a point, times a gain, plus a shift: `nn.LayerNorm`, whose second
    derivatives torch 2.13 gets wrong under torch.func.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(width))
        self.shift = nn.Parameter(torch.zeros(width))

    def forward(self, h: Float[Tensor, "*n width"]) -> Float[Tensor, "*n width"]:
        centred = h - h.mean(-1, keepdim=True)
        spread = (centred.square().mean(-1, keepdim=True) + EPSILON).sqrt()
        return self.gain * centred / spread + self.shift
