"""One-blob encoding: a bump around each coordinate, counted in bins (Müller et al. 2019, arXiv:1808.03856), as tiny-cuda-nn has it."""

import torch
from jaxtyping import Float
from torch import Tensor, nn


class OneBlob(nn.Module):
    """x -> for each axis, the share of a bump around x that falls into each of `bins` bins of [0, 1]: dim bins features of sum 1 an axis.

    The bump is the quartic kernel 15/16 (1 - u^2)^2 with u in bins, so that it is two bins wide; its integral is a polynomial, held
    to [0, 1]. What leaves [0, 1] at one end comes in at the other, as in tiny-cuda-nn; the paper has a Gaussian that does not wrap.
    """

    edges: Tensor

    def __init__(self, dim: int, *, bins: int) -> None:
        super().__init__()
        if bins < 2:
            raise ValueError(f"bins must be at least 2, not {bins}")
        self.bins = bins
        self.features = dim * bins
        self.register_buffer("edges", torch.arange(bins + 1) / bins)

    def forward(self, x: Float[Tensor, "*n dim"]) -> Float[Tensor, "*n features"]:
        away = self.edges - x[..., None]
        below = torch.stack([integrate_bump((away + turn) * self.bins) for turn in (-1, 0, 1)]).sum(0)
        return below.diff(dim=-1).flatten(-2)


def integrate_bump(u: Float[Tensor, "*n"]) -> Float[Tensor, "*n"]:
    """The integral of 15/16 (1 - v^2)^2 over v from -1 to u."""
    square = u * u
    return (0.5 + 15 / 16 * u * (1 - square * (2 / 3 - square / 5))).clamp(0, 1)
