"""A plain grid of values: no network at all, the explicit field that every other must beat."""

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fieldlab.encodings.lattice import interpolate

MOST_AXES = 4


class Grid(nn.Module):
    """x in [0, 1]^dim -> the weighted mean of the values on the vertices around x, `vertices` a side, the outermost at 0 and 1.

    Weights are those of d-linear or of Keys' cubic interpolation with -0.75; all values begin as `init`. An independent benchmark of fields
    takes cubic in 2-D, linear in 3-D, an init of 0.1 and Adam at 0.1. Behind `encoding=identity` alone: it reads coordinates. A side of 256 has
    65,536 values a channel in 2-D and 16.8 million in 3-D.

    Raises:
        ValueError: more features than coordinates can be, or less than 2 vertices a side.
    """

    def __init__(
        self, features: int, channels: int, *, vertices: int, interpolation: Literal["linear", "cubic"], init: float
    ) -> None:
        super().__init__()
        if features > MOST_AXES:
            raise ValueError(
                f"a grid reads up to {MOST_AXES} coordinates, not {features} features: take field/encoding=identity"
            )
        if vertices < 2:
            raise ValueError(f"vertices must be at least 2, not {vertices}")
        self.sides = (vertices,) * features
        self.interpolation: Literal["linear", "cubic"] = interpolation
        self.values = nn.Parameter(torch.full((channels, vertices**features), init))

    def forward(self, x: Float[Tensor, "*n features"]) -> Float[Tensor, "*n c"]:
        with torch.autocast(x.device.type, enabled=False):
            return interpolate(self.values, self.sides, x, self.interpolation)
