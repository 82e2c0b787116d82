"""Clouds: oriented points of a surface, as the signal whose values are signed distances."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor
from trimesh import Trimesh

from fieldlab.shapes.compare import Distance, Surface, of_points, sampled
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

    @property
    def dim(self) -> int:
        return 3

    def coordinates(self) -> Float[Tensor, "n dim"]:
        return self.points

    def regions(self) -> dict[str, Bool[Tensor, "n"]]:
        return {"surface": torch.ones(self.samples, dtype=torch.bool)}

    def surface(self, count: int) -> Surface:
        """What to compare with: so many points of the surface where it is known, or else all of the cloud's own."""
        if self.exact is not None:
            return self.exact(count)
        if self.mesh is None:
            return of_points(self.points.double().numpy(), self.normals.double().numpy())
        return sampled(self.mesh, count)


def framed(
    name: str,
    points: Points,
    normals: Points,
    *,
    fill: float,
    mesh: Trimesh | None = None,
    distance: Distance | None = None,
    exact: Callable[[int], Surface] | None = None,
) -> Cloud:
    """A cloud of points in their own units, put in the middle of the unit cube, whose longest extent takes `fill` of it.

    Raises:
        ValueError: a fill that is not between 0 and 1, points that all coincide.
    """
    if not 0 < fill <= 1:
        raise ValueError(f"fill must be above 0 and at most 1, not {fill}")
    around = points if mesh is None else np.asarray(mesh.vertices)
    low, high = around.min(0), around.max(0)
    centre, side = (low + high) / 2, float((high - low).max() / fill)
    if not side > 0:
        raise ValueError(f"all points of {name} coincide")

    def canonical_distance(x: Points) -> Float[np.ndarray, "n"]:
        assert distance is not None
        return distance((x - 0.5) * side + centre) / side

    def canonical_surface(count: int) -> Surface:
        assert exact is not None
        own = exact(count)

        def nearest(x: Points) -> tuple[Float[np.ndarray, "n"], Points]:
            far, towards = own.nearest((x - 0.5) * side + centre)
            return far / side, towards

        return Surface((own.points - centre) / side + 0.5, own.normals, nearest)

    return Cloud(
        name,
        torch.full((len(points), 1), 0.5),
        span=(-side / 2, side / 2),
        points=torch.from_numpy((points - centre) / side + 0.5).float(),
        normals=torch.from_numpy(normals).float(),
        centre=(float(centre[0]), float(centre[1]), float(centre[2])),
        mesh=None if mesh is None else Trimesh((mesh.vertices - centre) / side + 0.5, mesh.faces, process=False),
        distance=None if distance is None else canonical_distance,
        exact=None if exact is None else canonical_surface,
    )
