"""Shape: distances, normals and triangles of a fitted surface, in the units of its points."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from trimesh import Trimesh

from fieldlab import weights
from fieldlab.errors import InputError
from fieldlab.field import POINTS_AT_ONCE
from fieldlab.geometry.extract import extract
from fieldlab.geometry.frame import Frame
from fieldlab.geometry.write import write_mesh
from fieldlab.operators import gradient
from fieldlab.runs.result import read_result


class Shape:
    """The signed distance in a fit's folder, in the units of the points it was fitted to; negative inside.

    Raises:
        InputError: a folder without a finished fit of a shape, or weights that do not match their configuration.
    """

    def __init__(self, folder: str | Path) -> None:
        self.result = read_result(Path(folder))
        if self.result.centre is None or self.result.span is None:
            raise InputError(f"{folder}: is no fit of a shape; fieldlab.Query asks signals on grids")
        self.field = weights.load(folder)
        low, high = self.result.span
        self.frame = Frame(np.array(self.result.centre), high - low)

    def distance(self, places: Sequence[Sequence[float]] | Float[Tensor, "n 3"]) -> Float[Tensor, "n"]:
        """Signed distance of places to the surface.

        Raises:
            InputError: places that are not three numbers each.
        """
        return (self.values(self.canonical(places)) - 0.5) * self.frame.side

    def normals(self, places: Sequence[Sequence[float]] | Float[Tensor, "n 3"]) -> Float[Tensor, "n 3"]:
        """Unit normals at places: along the gradient, away from the inside.

        Raises:
            InputError: places that are not three numbers each.
        """
        blocks = self.canonical(places).split(POINTS_AT_ONCE)
        slopes = torch.cat([gradient(self.field, block)[..., 0, :] for block in blocks])
        return torch.nn.functional.normalize(slopes, dim=-1)

    def mesh(self, resolution: int) -> Trimesh:
        """The surface as triangles, at so many cells a side of the cube around it; without any where there is none."""
        surface = extract(lambda x: self.values(x) - 0.5, resolution)
        surface.vertices = self.frame.original(np.asarray(surface.vertices))
        return surface

    def canonical(self, places: Sequence[Sequence[float]] | Float[Tensor, "n 3"]) -> Float[Tensor, "n 3"]:
        """Places in canonical coordinates."""
        points = torch.as_tensor(places, dtype=torch.float64)
        if points.ndim != 2 or points.shape[-1] != 3:
            raise InputError("places: each needs 3 numbers, in the units of the points that were fitted")
        return torch.from_numpy(self.frame.canonical(points.numpy(force=True))).float()

    @torch.no_grad()
    def values(self, x: Float[Tensor, "n 3"]) -> Float[Tensor, "n"]:
        """The field's values at canonical points: 1/2 + signed distance in sides of its cube."""
        return torch.cat([self.field(block)[..., 0] for block in x.split(POINTS_AT_ONCE)])


def save_mesh(mesh: Trimesh, file: Path) -> None:
    """Write triangles in the format that the file's name says.

    Raises:
        InputError: no triangles, another format than .ply, .obj, .off, .stl and .glb, a file that cannot be written.
    """
    if not len(mesh.faces):
        raise InputError("--mesh: the field is nowhere 0 in its cube: there is no surface")
    try:
        write_mesh(mesh, file)
    except (OSError, ValueError) as error:
        raise InputError(
            f"--mesh {file}: cannot be written ({error}); take .ply, .obj, .off, .stl or .glb"
        ) from error


def describe_mesh(mesh: Trimesh) -> str:
    """`12,345 triangles, 1.2 x 0.8 x 0.3`."""
    extents = " x ".join(f"{extent:.4g}" for extent in np.ptp(mesh.vertices, axis=0))
    return f"{len(mesh.faces):,} triangles, {extents}"
