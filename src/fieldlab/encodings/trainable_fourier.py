"""Fourier features whose frequencies are trained too (as in jaxpi, Wang et al. 2023, arXiv:2308.08468)."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fieldlab.encodings.fourier import waves


class TrainableFourier(nn.Module):
    """x -> [cos 2 pi B x, sin 2 pi B x], with `rows` rows of B drawn from N(0, sigma^2) and then trained: 2 rows features.

    `sigma` is in cycles per unit coordinate, as for `GaussianFourier`, which this is before its first step; jaxpi has no 2 pi.
    """

    def __init__(self, dim: int, *, rows: int, sigma: float) -> None:
        super().__init__()
        if rows < 1:
            raise ValueError(f"rows must be at least 1, not {rows}")
        if sigma <= 0:
            raise ValueError(f"sigma must be positive, not {sigma}")
        self.features = 2 * rows
        self.frequencies = nn.Parameter(sigma * torch.randn(dim, rows))

    def forward(self, x: Float[Tensor, "*n dim"]) -> Float[Tensor, "*n features"]:
        return waves(x, self.frequencies)
