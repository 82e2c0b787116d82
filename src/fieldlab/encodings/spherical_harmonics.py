"""Real spherical harmonics of a direction, as in tiny-cuda-nn."""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import normalize

MOST_DEGREES = 8


class SphericalHarmonics(nn.Module):
    """x -> Y_l^m(x / |x|) for l = 0 … degree-1 and m = -l … l: degree^2 features.

    Real and of norm 1 over the sphere, with the phase (-1)^m of Condon and Shortley, so that l = 1 is 0.4886 (-y, z, -x). What depends on
    the distance from the origin is lost: this is an encoding of directions. tiny-cuda-nn asks for unit vectors; this one makes them.

    Raises:
        ValueError: another number of coordinates than 3, or degrees outside 1 to 8.
    """

    def __init__(self, dim: int, *, degree: int) -> None:
        super().__init__()
        if dim != 3:
            raise ValueError(f"spherical harmonics are functions of directions in 3-D, not of {dim} coordinates")
        if not 1 <= degree <= MOST_DEGREES:
            raise ValueError(f"degree must be from 1 to {MOST_DEGREES}, not {degree}")
        self.degree = degree
        self.features = degree**2

    def forward(self, x: Float[Tensor, "*n dim"]) -> Float[Tensor, "*n features"]:
        x, y, z = normalize(x, dim=-1).unbind(-1)
        along = legendre(z, self.degree)
        cos, sin = (
            [torch.ones_like(x)],
            [torch.zeros_like(x)],
        )  # of m times the angle around z, times the m-th power of the distance from it
        for _ in range(1, self.degree):
            cos, sin = [*cos, x * cos[-1] - y * sin[-1]], [*sin, x * sin[-1] + y * cos[-1]]
        features = []
        for degree in range(self.degree):
            for m in range(-degree, degree + 1):
                order = abs(m)
                factor = norm(degree, order) * (-1) ** order * (math.sqrt(2) if m else 1)
                features.append(factor * along[degree][order] * (sin[order] if m < 0 else cos[order]))
        return torch.stack(features, dim=-1)


def legendre(z: Float[Tensor, "*n"], degree: int) -> list[list[Tensor]]:
    """Associated Legendre functions P_l^m(z) without (-1)^m and without (1 - z^2)^(m/2), by l and m.

    From P_m^m = (2m - 1)!! and (l - m) P_l^m = z (2l - 1) P_(l-1)^m - (l + m - 1) P_(l-2)^m.
    """
    table: list[list[Tensor]] = []
    for l in range(degree):  # noqa: E741  the letter of the field
        row = []
        for m in range(l):
            below = (l + m - 1) * table[l - 2][m] if l - m > 1 else 0
            row.append((z * (2 * l - 1) * table[l - 1][m] - below) / (l - m))
        table.append([*row, torch.full_like(z, math.prod(range(1, 2 * l, 2)))])
    return table


def norm(degree: int, order: int) -> float:
    """What makes the integral of the squared harmonic 1."""
    ratio = math.factorial(degree - order) / math.factorial(degree + order)
    return math.sqrt((2 * degree + 1) / (4 * math.pi) * ratio)
