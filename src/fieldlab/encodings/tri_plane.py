"""Tri-planes: a plane of features for each pair of axes (Chan et al. 2022, arXiv:2112.07945)."""

import itertools

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fieldlab.encodings.lattice import Interpolation, interpolate


class TriPlane(nn.Module):
    """x -> sum over pairs of axes i < j of e_ij(x_i, x_j): `width` features, x in [0, 1]^dim.

    A plane has `vertices` a side. In 3-D these are three planes, in 2-D one, in d dimensions d (d - 1) / 2. Entries ~ N(0, init_std^2),
    where the paper's come out of a generator.

    Raises:
        ValueError: a single coordinate, which has no planes, no feature, less than 2 vertices, an init_std that is not positive.
    """

    def __init__(self, dim: int, *, width: int, vertices: int, interpolation: Interpolation, init_std: float) -> None:
        super().__init__()
        if dim < 2:
            raise ValueError("planes need at least 2 coordinates, not 1")
        if width < 1 or vertices < 2:
            raise ValueError(f"width must be at least 1 and vertices at least 2, not {width} and {vertices}")
        if init_std <= 0:
            raise ValueError(f"init_std must be positive, not {init_std}")
        self.features = width
        self.sides = (vertices, vertices)
        self.interpolation: Interpolation = interpolation
        self.planes = nn.Parameter(torch.empty(dim * (dim - 1) // 2, width, vertices**2).normal_(std=init_std))

    def forward(self, x: Float[Tensor, "*n dim"]) -> Float[Tensor, "*n features"]:
        pairs = itertools.combinations(x.unbind(-1), 2)
        found = [
            interpolate(plane, self.sides, torch.stack(pair, dim=-1), self.interpolation)
            for plane, pair in zip(self.planes, pairs, strict=True)
        ]
        return torch.stack(found).sum(0)
