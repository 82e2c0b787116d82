"""Clouds: oriented points of a surface, as the signal whose values are signed distances."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor
from trimesh import Trimesh

from fieldlab.geometry.compare import Distance, Surface, make_point_surface, sample_mesh
from fieldlab.geometry.frame import Frame
from fieldlab.signals.signal import Signal

Points = Float[np.ndarray, "n 3"]


@dataclass(frozen=True)
class Cloud(Signal):
    """n points of a surface with unit normals that point outwards, in canonical coordinates.

    The canonical value is 1/2 + signed distance in sides of the unit cube, negative inside: 1/2 at every point, and
    within [0, 1] as far as the cube reaches. `mesh` and the exact signed `distance` at canonical points are there where
    they are known; `exact` yields so many points of a surface that no mesh can stand for.
    """

    points: Float[Tensor, "n 3"]
    normals: Float[Tensor, "n 3"]
    mesh: Trimesh | None
    distance: Distance | None
    exact: Callable[[int], Surface] | None

    @classmethod
    def in_frame(
        cls,
        name: str,
        frame: Frame,
        points: Points,
        normals: Points,
        *,
        mesh: Trimesh | None = None,
        distance: Distance | None = None,
        exact: Callable[[int], Surface] | None = None,
    ) -> "Cloud":
        """A cloud in the cube `frame` of its file's space; all that is given is canonical."""
        x, y, z = frame.centre.tolist()
        return cls(
            name,
            torch.full((len(points), 1), 0.5),
            span=(-frame.side / 2, frame.side / 2),
            centre=(x, y, z),
            points=torch.from_numpy(points).float(),
            normals=torch.from_numpy(normals).float(),
            mesh=mesh,
            distance=distance,
            exact=exact,
        )

    @property
    def dim(self) -> int:
        return 3

    def coordinates(self) -> Float[Tensor, "n dim"]:
        return self.points

    def regions(self) -> dict[str, Bool[Tensor, "n"]]:
        return {"surface": torch.ones(self.samples, dtype=torch.bool)}

    def surface(self, count: int) -> Surface:
        """The surface to compare with: `count` points of it where it is known, or else all points of the cloud."""
        if self.exact is not None:
            return self.exact(count)
        if self.mesh is None:
            return make_point_surface(self.points.double().numpy(), self.normals.double().numpy())
        return sample_mesh(self.mesh, count)
