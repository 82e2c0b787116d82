"""Phantoms: heads that are computed, for tomography and magnetic resonance."""

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from fieldlab.config.files import Label
from fieldlab.signals.grid import Alignment, Grid, canonical

ELLIPSOIDS = (  # Shepp & Logan 1974 with the contrast of Toft 1996: what is added, half axes, middle, turn in degrees
    (1.0, (0.69, 0.92, 0.81), (0.0, 0.0, 0.0), 0.0),
    (-0.8, (0.6624, 0.874, 0.78), (0.0, -0.0184, 0.0), 0.0),
    (-0.2, (0.11, 0.31, 0.22), (0.22, 0.0, 0.0), -18.0),
    (-0.2, (0.16, 0.41, 0.28), (-0.22, 0.0, 0.0), 18.0),
    (0.1, (0.21, 0.25, 0.41), (0.0, 0.35, -0.15), 0.0),
    (0.1, (0.046, 0.046, 0.05), (0.0, 0.1, 0.25), 0.0),
    (0.1, (0.046, 0.046, 0.05), (0.0, -0.1, 0.25), 0.0),
    (0.1, (0.046, 0.023, 0.05), (-0.08, -0.605, 0.0), 0.0),
    (0.1, (0.023, 0.023, 0.02), (0.0, -0.606, 0.0), 0.0),
    (0.1, (0.023, 0.046, 0.02), (0.06, -0.605, 0.0), 0.0),
)
SKULL = 2  # the first ones, whose places and half axes stay as they are
SUBSAMPLES = 3  # along each axis of a sample, over which it is averaged
SHIFT, TURN = 0.2, 90.0  # of a variation of 1: in half sides, in degrees


def phantom(*, name: Label, size: list[int], alignment: Alignment, variation: float, seed: int) -> Grid:
    """The Shepp–Logan phantom in two or three dimensions, or one like it: values from 0 to 1, samples averaged over their extent.

    With a `variation` v, drawn with a `seed`, what lies within the skull has half axes and contrasts that differ by up to v of their own, and 2 v,
    its middle moves by up to 0.2 v of half a side, and it is turned by up to 90 v degrees.

    Raises:
        ValueError: other than two or three sizes, or sizes below 2; a variation that is not from 0 to below 1/2.
    """
    if len(size) not in (2, 3) or min(size) < 2:
        raise ValueError(f"size must be 2 or 3 numbers from 2 on, not {size}")
    if not 0 <= variation < 0.5:
        raise ValueError(f"variation must be from 0 to below 0.5, not {variation}")
    generator = torch.Generator().manual_seed(seed)
    axes = [2 * place_within(n, alignment) - 1 for n in size]
    values = torch.zeros([n * SUBSAMPLES for n in size], dtype=torch.float64)
    for number, ellipsoid in enumerate(ELLIPSOIDS):
        contrast, half_axes, middle, turn = ellipsoid if number < SKULL else vary(*ellipsoid, variation, generator)
        values += contrast * is_inside(axes, half_axes, middle, math.radians(turn))
    pool = torch.nn.functional.avg_pool2d if len(size) == 2 else torch.nn.functional.avg_pool3d
    return Grid(name, pool(values[None], SUBSAMPLES)[0].clamp(0, 1).float().unsqueeze(-1), alignment)


def place_within(size: int, alignment: Alignment) -> Float[Tensor, "k"]:
    """The positions in [0, 1] of all parts of samples."""
    part = (torch.arange(size * SUBSAMPLES, dtype=torch.float64) + 0.5) / SUBSAMPLES - 0.5
    return canonical(part, size, alignment).double()


def vary(
    contrast: float,
    half_axes: Sequence[float],
    middle: Sequence[float],
    turn: float,
    variation: float,
    generator: torch.Generator,
) -> tuple[float, Sequence[float], Sequence[float], float]:
    """An ellipsoid like this one."""
    drawn = (variation * (2 * torch.rand(8, generator=generator, dtype=torch.float64) - 1)).tolist()
    return (
        contrast * (1 + 2 * drawn[0]),
        [half * (1 + by) for half, by in zip(half_axes, drawn[1:4], strict=True)],
        [at + SHIFT * by for at, by in zip(middle, drawn[4:7], strict=True)],
        turn + TURN * drawn[7],
    )


def is_inside(
    axes: Sequence[Float[Tensor, "_"]], half_axes: Sequence[float], middle: Sequence[float], turn: float
) -> Float[Tensor, "..."]:
    """1 within an ellipsoid that is turned in its first plane, 0 outside. Rows go down, where y goes up."""
    row, column, *depth = torch.meshgrid(*axes, indexing="ij")
    x, y = column - middle[0], -row - middle[1]
    along, across = math.cos(turn) * x + math.sin(turn) * y, math.cos(turn) * y - math.sin(turn) * x
    far = (along / half_axes[0]) ** 2 + (across / half_axes[1]) ** 2
    if depth:
        far = far + ((depth[0] - middle[2]) / half_axes[2]) ** 2
    return (far <= 1).double()
