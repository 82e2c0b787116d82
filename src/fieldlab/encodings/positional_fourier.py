"""The "positional encoding" of the Fourier features paper (Tancik et al. 2020, arXiv:2006.10739)."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fieldlab.encodings.fourier import waves


class PositionalFourier(nn.Module):
    """x -> [cos 2 pi B x, sin 2 pi B x], where every row of B lies along one axis: 2 dim (rows // dim) features.

    Along each axis the frequencies are 2^s - 1 for rows // dim values of s, evenly spaced from 0 to `scale`, as
    the authors' code has them: they start at 0, and need not be the octaves of `Positional`.
    """

    frequencies: Tensor

    def __init__(self, dim: int, *, rows: int, scale: float) -> None:
        super().__init__()
        if rows < 2 * dim:
            raise ValueError(f"rows must be at least {2 * dim}, two for each of {dim} axes, not {rows}")
        if scale <= 0:
            raise ValueError(f"scale must be positive, not {scale}")
        along = 2.0 ** torch.linspace(0, scale, rows // dim) - 1
        self.register_buffer("frequencies", torch.block_diag(*[along[None]] * dim))
        self.features = 2 * self.frequencies.shape[1]

    def forward(self, x: Float[Tensor, "*n dim"]) -> Float[Tensor, "*n features"]:
        return waves(x, self.frequencies)
