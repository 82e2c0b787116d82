"""GA-Planes: products of lines beside coarse planes (Sivgin et al. 2024, arXiv:2411.13525), as in the authors' benchmark of fields."""

import itertools

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fieldlab.encodings.lattice import interpolate

LINE = (0.1, 0.25)  # range of lines, as drawn there
PLANE, VOLUME = 1e-2, 1e-3  # deviations of planes and of the volume


class GaPlanes(nn.Module):
    """e_1(x) e_2(y) + e_12(x, y) in 2-D; e_1(x) e_2(y) e_3(z) + e_12(x, y) e_3(z) + … + e_123(x, y, z) in 3-D: `width` features.

    Lines e_i have `line` vertices, planes e_ij `plane` a side, and the volume `volume` a side; x in [0, 1]^dim, linear between
    vertices, so that second derivatives along an axis are 0. Lines ~ U(0.1, 0.25), planes ~ N(0, 0.01^2), the volume ~ N(0, 0.001^2).
    The authors take as many vertices a line as a picture has pixels a side.

    Raises:
        ValueError: another number of coordinates than 2 or 3, no feature, or less than 2 vertices.
    """

    def __init__(self, dim: int, *, width: int, line: int, plane: int, volume: int) -> None:
        super().__init__()
        if dim not in (2, 3):
            raise ValueError(f"lines and planes are defined for 2 or 3 coordinates, not for {dim}")
        if width < 1 or min(line, plane, volume) < 2:
            raise ValueError(
                f"width must be at least 1 and line, plane and volume at least 2 vertices, not {width}, {line}, {plane} and {volume}"
            )
        self.features = width
        self.line, self.plane, self.volume = line, plane, volume
        self.lines = nn.Parameter(torch.empty(dim, width, line).uniform_(*LINE))
        self.planes = nn.Parameter(torch.empty(dim * (dim - 1) // 2, width, plane**2).normal_(std=PLANE))
        self.cube = nn.Parameter(torch.empty(width, volume**3).normal_(std=VOLUME)) if dim == 3 else None

    def forward(self, x: Float[Tensor, "*n dim"]) -> Float[Tensor, "*n features"]:
        dim = x.shape[-1]
        lines = [interpolate(self.lines[i], [self.line], x[..., i : i + 1], "linear") for i in range(dim)]
        found = torch.stack(lines).prod(0)
        for plane, (i, j) in zip(self.planes, itertools.combinations(range(dim), 2), strict=True):
            across = interpolate(plane, [self.plane] * 2, torch.stack([x[..., i], x[..., j]], dim=-1), "linear")
            found = found + (across if self.cube is None else across * lines[3 - i - j])
        return found if self.cube is None else found + interpolate(self.cube, [self.volume] * 3, x, "linear")
