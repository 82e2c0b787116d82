"""Grids: signals with samples on a regular grid of any dimension, and the positions of these in the unit cube."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

import torch
from jaxtyping import Float
from torch import Tensor

from fieldlab.signals.signal import Signal

Alignment = Literal["centers", "corners", "left"]


@dataclass(frozen=True)
class Grid(Signal):
    """Samples on a grid of `dim` axes. `gradients` are given where they are known better than the values."""

    alignment: Alignment
    gradients: Float[Tensor, "*grid c dim"] | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        if min(self.grid) < 2:
            size = " x ".join(map(str, self.grid))
            raise ValueError(f"{self.name} has {size} samples; a fit needs at least 2 along every axis")

    @property
    def dim(self) -> int:
        return len(self.grid)

    @property
    def spacing(self) -> tuple[float, ...]:
        """Distance of neighbouring samples along each axis, in canonical units."""
        return tuple((axis[1] - axis[0]).item() for axis in (positions(n, self.alignment) for n in self.grid))

    def coordinates(self) -> Float[Tensor, "n dim"]:
        axes = [positions(size, self.alignment) for size in self.grid]
        return torch.stack(torch.meshgrid(*axes, indexing="ij"), dim=-1).flatten(0, -2)


def positions(size: int, alignment: Alignment) -> Float[Tensor, "size"]:
    """The positions of `size` samples in [0, 1]."""
    return canonical(torch.arange(size, dtype=torch.float64), size, alignment)


def canonical(i: Float[Tensor, "*n"], size: int, alignment: Alignment) -> Float[Tensor, "*n"]:
    """The position of sample i of `size` in [0, 1]; i may lie between samples.

    `centers`: (i + 1/2) / N, pixels are cells and the borders of the picture are at 0 and 1;
    `corners`: i / (N - 1), the first and the last sample are at 0 and 1; `left`: i / N.
    """
    if alignment not in get_args(Alignment):
        raise ValueError(f"alignment must be one of {', '.join(get_args(Alignment))}, not {alignment}")
    shift, steps = {"centers": (0.5, size), "corners": (0.0, size - 1), "left": (0.0, size)}[alignment]
    return ((i.double() + shift) / steps).float()  # exact before the one rounding to float32


def centres(size: Sequence[int]) -> Float[Tensor, "k 2"]:
    """Pixel centres, row by row, in canonical coordinates (row, column)."""
    rows, columns = ((torch.arange(extent) + 0.5) / extent for extent in size)
    return torch.cartesian_prod(rows, columns)
