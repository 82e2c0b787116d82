"""Gaussian Fourier features (Tancik et al. 2020, arXiv:2006.10739)."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fieldlab.config.open import Bandwidth
from fieldlab.encodings.fourier import waves


class GaussianFourier(nn.Module):
    """x -> [cos 2 pi B x, sin 2 pi B x], with `rows` rows of B drawn once from N(0, sigma^2): 2 rows features.

    `sigma` is the bandwidth in cycles per unit coordinate. The inner product of two encodings tends to
    rows * exp(-2 pi^2 sigma^2 |x - x'|^2): a wider spectrum is a narrower kernel. `seed` null draws B with the
    fit's own seed, so that n seeds are n draws; a number draws the same B in every fit.
    """  # B is a buffer: members with different sigma still stack

    frequencies: Tensor

    def __init__(self, dim: int, *, rows: int, sigma: Bandwidth, seed: int | None) -> None:
        super().__init__()
        if rows < 1:
            raise ValueError(f"rows must be at least 1, not {rows}")
        if sigma <= 0:
            raise ValueError(f"sigma must be positive, not {sigma}")
        self.features = 2 * rows
        generator = None if seed is None else torch.Generator().manual_seed(seed)
        self.register_buffer("frequencies", sigma * torch.randn(dim, rows, generator=generator))

    def forward(self, x: Float[Tensor, "*n dim"]) -> Float[Tensor, "*n features"]:
        return waves(x, self.frequencies)
