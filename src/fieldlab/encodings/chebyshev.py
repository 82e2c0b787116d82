"""Chebyshev polynomials of each coordinate, the other half of what CAFE+ multiplies."""

import torch
from jaxtyping import Float
from torch import Tensor, nn


class Chebyshev(nn.Module):
    """x -> T_k(x) for k = 1 … degree, each axis by itself: dim degree features, in [-1, 1] for x in [-1, 1].

    T_k(cos t) = cos k t, computed by T_(k+1) = 2 x T_k - T_(k-1), whose derivatives exist at the borders too. Waves are slow in the
    middle and k times faster at the borders; outside of [-1, 1] they grow as |x|^k.
    """

    def __init__(self, dim: int, *, degree: int) -> None:
        super().__init__()
        if degree < 1:
            raise ValueError(f"degree must be at least 1, not {degree}")
        self.features = dim * degree
        self.degree = degree

    def forward(self, x: Float[Tensor, "*n dim"]) -> Float[Tensor, "*n features"]:
        return torch.stack(chebyshev(x, self.degree)[1:], dim=-1).flatten(-2)


def chebyshev(x: Float[Tensor, "*n"], degree: int) -> list[Tensor]:
    """T_0(x) … T_degree(x)."""
    polynomials = [torch.ones_like(x), x]
    for _ in range(degree - 1):
        polynomials.append(2 * x * polynomials[-1] - polynomials[-2])
    return polynomials[: degree + 1]
