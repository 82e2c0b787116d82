"""Compare: how far two surfaces are from each other."""

from collections.abc import Callable
from dataclasses import dataclass

import igl
import numpy as np
from jaxtyping import Bool, Float
from scipy.spatial import KDTree
from trimesh import Trimesh
from trimesh.sample import sample_surface

Points = Float[np.ndarray, "n 3"]
Distance = Callable[[Points], Float[np.ndarray, "n"]]
Nearest = Callable[[Points], tuple[Float[np.ndarray, "n"], Points]]


@dataclass(frozen=True)
class Surface:
    """Points of a surface with unit normals; `nearest` gives the distance to its nearest point, and the normal there."""

    points: Points
    normals: Points
    nearest: Nearest


def sample_mesh(mesh: Trimesh, count: int, seed: int = 0) -> Surface:
    """Points of a mesh, drawn uniformly by area; the nearest point is exact to its triangles."""
    points, faces = sample_surface(mesh, count, seed=seed)[:2]

    def nearest(x: Points) -> tuple[Float[np.ndarray, "n"], Points]:
        squared, face, _ = igl.point_mesh_squared_distance(x, *arrays(mesh))
        return np.sqrt(squared), mesh.face_normals[np.asarray(face)]

    return Surface(np.asarray(points), mesh.face_normals[faces], nearest)


def make_point_surface(points: Points, normals: Points) -> Surface:
    """A surface of which only points are known: the nearest point is the nearest of them."""

    def nearest(x: Points) -> tuple[Float[np.ndarray, "n"], Points]:
        distance, index = KDTree(points).query(x, workers=-1)
        return np.asarray(distance), normals[np.asarray(index)]

    return Surface(points, normals, nearest)


def chamfer(one: Surface, other: Surface) -> tuple[float, float]:
    """Chamfer distance and normal consistency, both the mean of two directions.

    Distance: (mean_x d(x, B) + mean_y d(y, A)) / 2 over the points x of A and y of B, not squared. Normal consistency:
    the mean of |n(x) . n(nearest point)| likewise (Mescheder et al. 2019), 1 where all agree up to sign.
    """
    distances, agreements = [], []
    for here, there in ((one, other), (other, one)):
        distance, normals = there.nearest(here.points)
        distances.append(distance.mean())
        agreements.append(np.abs((here.normals * normals).sum(-1)).mean())
    return float(np.mean(distances)), float(np.mean(agreements))


def iou(one: Bool[np.ndarray, "n"], other: Bool[np.ndarray, "n"]) -> float:
    """Intersection over union of two volumes, by which of the same uniform points they hold; 1 where both are empty."""
    union = (one | other).sum()
    return float((one & other).sum() / union) if union else 1.0


def signed_distance(mesh: Trimesh) -> Distance:
    """Exact signed distance to a closed mesh in the unit cube, negative inside: where the winding number is above 1/2."""
    winding = winding_number(mesh)

    def distance(x: Points) -> Float[np.ndarray, "n"]:
        squared = igl.point_mesh_squared_distance(x, *arrays(mesh))[0]
        return np.where(winding(x) > 0.5, -1, 1) * np.sqrt(squared)

    return distance


def winding_number(mesh: Trimesh) -> Callable[[Points], Float[np.ndarray, "n"]]:
    """The winding number of a mesh at points (Barill et al. 2018), to some hundredths; for coordinates of single precision."""
    return lambda x: np.asarray(igl.fast_winding_number(*arrays(mesh), x))


def arrays(mesh: Trimesh) -> tuple[np.ndarray, np.ndarray]:
    """Vertices and faces in the types of libigl."""
    return np.ascontiguousarray(mesh.vertices, dtype=np.float64), np.ascontiguousarray(mesh.faces, dtype=np.int64)
