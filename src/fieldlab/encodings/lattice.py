"""Values on the vertices of a regular grid over the unit cube, and what lies between them."""

from collections.abc import Callable, Sequence
from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor

Interpolation = Literal["nearest", "linear", "cubic"]
Taps = tuple[Int[Tensor, "taps n"], Float[Tensor, "taps n"]]  # vertices along an axis, and what each of them weighs
SHARPNESS = -0.75  # of the cubic kernel (Keys 1981), as torch's bicubic has it


def interpolate(
    table: Float[Tensor, "f vertices"],
    sides: Sequence[int],
    x: Float[Tensor, "*n dim"],
    interpolation: Interpolation,
    *,
    corners: bool = True,
) -> Float[Tensor, "*n f"]:
    """What the vertices around x in [0, 1]^dim carry, weighted by the product over axes of a kernel of the distance.

    `table` lists `sides` vertices along each axis, the last axis fastest. The first and the last of a row lie at 0 and 1 (`corners`), or
    half a cell inside. Beyond the outermost ones values go on as they are there. The cubic kernel is Keys' with -0.75.
    """  # looked up by gather, whose gradient is the same from run to run, unlike that of table[index]
    points = x.reshape(-1, x.shape[-1])
    vertices, weights = points.new_zeros(1, len(points), dtype=torch.long), points.new_ones(1, len(points))
    for side, along in zip(sides, points.unbind(-1), strict=True):
        place = (along * (side - 1) if corners else along * side - 0.5).clamp(0, side - 1)
        near, shares = KERNELS[interpolation](place, side)
        vertices = (vertices[:, None] * side + near.clamp(0, side - 1)).flatten(0, 1)
        weights = (weights[:, None] * shares).flatten(0, 1)
    found = table.gather(1, vertices.flatten().expand(len(table), -1)).unflatten(1, vertices.shape)
    return (weights * found).sum(1).T.reshape(*x.shape[:-1], len(table))


def take_nearest(place: Float[Tensor, " n"], side: int) -> Taps:
    """The nearest vertex alone."""
    return place.detach().round().long()[None], torch.ones_like(place)[None]


def take_linear(place: Float[Tensor, " n"], side: int) -> Taps:
    """1 - t at distance t."""
    cell = find_cells(place, side)
    t = place - cell
    return torch.stack([cell, cell + 1]), torch.stack([1 - t, t])


def take_cubic(place: Float[Tensor, " n"], side: int) -> Taps:
    """With a the sharpness: (a + 2) t^3 - (a + 3) t^2 + 1 at distances up to 1, a (t^3 - 5 t^2 + 8 t - 4) up to 2."""
    cell = find_cells(place, side)
    t = place - cell
    near = [((SHARPNESS + 2) * u - (SHARPNESS + 3)) * u * u + 1 for u in (t, 1 - t)]
    far = [SHARPNESS * (((u - 5) * u + 8) * u - 4) for u in (1 + t, 2 - t)]
    return torch.stack([cell + i for i in (-1, 0, 1, 2)]), torch.stack([far[0], *near, far[1]])


def find_cells(place: Float[Tensor, " n"], side: int) -> Int[Tensor, " n"]:
    """The vertex before each place; the last vertex belongs to the cell before it."""
    return place.detach().floor().long().clamp(max=max(side - 2, 0))


KERNELS: dict[str, Callable[[Tensor, int], Taps]] = {
    "nearest": take_nearest,
    "linear": take_linear,
    "cubic": take_cubic,
}
