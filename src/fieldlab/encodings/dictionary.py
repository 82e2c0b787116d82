"""Dictionary fields: coefficients times bases that repeat (Chen et al. 2023, arXiv:2302.01226), as the authors' code fits images."""

import math
from collections.abc import Sequence
from functools import reduce

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fieldlab.encodings.lattice import Interpolation, interpolate


class Dictionary(nn.Module):
    """x -> c(x) times [b_1(frac f_1 x), b_2(frac f_2 x), …]: sum of `widths` features, x in [0, 1]^dim.

    Basis l has `widths`[l] features on `vertices`[l] vertices a side and repeats f_l = samples / vertices[l] times along an axis (a
    sawtooth), so that it has a vertex for each of `samples` samples a side. The coefficients c have `coefficients` vertices a side, half a
    cell inside, and begin as `init`. Bases begin as products of discrete cosines, each of norm 1. In 2-D the paper's figures are of
    1,024 samples, nearest vertices and 1.4 million numbers.

    Raises:
        ValueError: lists of different lengths, no basis, a basis of no feature or less than 2 vertices.
    """

    def __init__(
        self,
        dim: int,
        *,
        widths: Sequence[int],
        vertices: Sequence[int],
        samples: int,
        coefficients: int,
        interpolation: Interpolation,
        init: float,
    ) -> None:
        super().__init__()
        if len(widths) != len(vertices) or not widths:
            raise ValueError(
                f"widths and vertices must be lists of one length, not of {len(widths)} and {len(vertices)}"
            )
        if min(widths) < 1 or min(vertices) < 2 or min(samples, coefficients) < 1:
            raise ValueError("widths, samples and coefficients must be at least 1, and vertices at least 2")
        self.features = sum(widths)
        self.sides = tuple(vertices)
        self.samples, self.coefficients = samples, coefficients
        self.interpolation: Interpolation = interpolation
        self.bases = nn.ParameterList(
            make_cosines(width, side, dim) for width, side in zip(widths, vertices, strict=True)
        )
        self.coefficient = nn.Parameter(torch.full((self.features, coefficients**dim), init))

    def forward(self, x: Float[Tensor, "*n dim"]) -> Float[Tensor, "*n features"]:
        dim = x.shape[-1]
        found = []
        for basis, side in zip(self.bases, self.sides, strict=True):
            turns = x * (self.samples / side)
            found.append(interpolate(basis, [side] * dim, turns - turns.detach().floor(), self.interpolation))
        coefficient = interpolate(self.coefficient, [self.coefficients] * dim, x, self.interpolation, corners=False)
        return coefficient * torch.cat(found, dim=-1)


def make_cosines(width: int, side: int, dim: int) -> Float[Tensor, "width vertices"]:
    """`width` products over axes of cosines, evenly taken from all of them, without their means but for the first, of norm 1."""
    along = int(width ** (1 / dim) + 1)
    angle = torch.arange(side, dtype=torch.float64) * math.pi / along
    cosines = torch.cos(angle * torch.arange(along)[:, None])
    cosines[1:] -= cosines[1:].mean(1, keepdim=True)
    products = reduce(torch.kron, [cosines] * dim)
    count = len(products)
    chosen = [i * (count // width) + min(i, count % width) for i in range(width)]
    return torch.nn.functional.normalize(products[chosen], dim=1).float()
