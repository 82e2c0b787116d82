"""Waves with whole numbers of periods in the picture: any network behind them is periodic by construction."""

import itertools
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fieldlab.encodings.fourier import waves


class Periodic(nn.Module):
    """x -> [cos 2 pi n.x / p, sin 2 pi n.x / p] for vectors n of whole numbers, p the length of the `interval` of coordinates.

    Without `mixed` each n lies along one axis, with 1 to `highest` waves: `highest` 1 is the torus, (cos, sin) of each
    coordinate's angle. With `mixed` they are all n of length 1 to `highest`, one of each pair n and -n. Any network
    behind it has values and derivatives that agree on opposite edges. With more than about a twelfth of the samples along an
    axis as its `highest`, a field may do as it likes between samples.

    Raises:
        ValueError: `highest` below 1, an interval without length.
    """

    frequencies: Tensor

    def __init__(self, dim: int, *, highest: int, mixed: bool, interval: Sequence[float]) -> None:
        super().__init__()
        if highest < 1:
            raise ValueError(f"highest must be at least 1, not {highest}")
        if len(interval) != 2 or not interval[0] < interval[1]:
            raise ValueError(f"interval must be two numbers, low before high, not {list(interval)}")
        vectors = half_ball(dim, highest) if mixed else along_axes(dim, highest)
        self.register_buffer("frequencies", vectors.T.contiguous() / (interval[1] - interval[0]))
        self.features = 2 * len(vectors)

    def forward(self, x: Float[Tensor, "*n dim"]) -> Float[Tensor, "*n features"]:
        return waves(x, self.frequencies)


def along_axes(dim: int, highest: int) -> Float[Tensor, "k dim"]:
    """Vectors of length 1 to `highest` along each axis."""
    return torch.block_diag(*[torch.arange(1.0, highest + 1)[:, None]] * dim)


def half_ball(dim: int, highest: int) -> Float[Tensor, "k dim"]:
    """Vectors of whole numbers with lengths from 1 to `highest`, whose first entry that is not 0 is positive."""
    whole = itertools.product(range(-highest, highest + 1), repeat=dim)
    zero = (0,) * dim
    return torch.tensor([n for n in whole if n > zero and sum(i * i for i in n) <= highest**2], dtype=torch.float32)
