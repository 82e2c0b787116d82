"""Polygons: faces of any number of corners, and how they are cut into triangles."""

from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

FLAT = 1e-12  # of a polygon's extent squared: twice the area of a triangle that is none
SAME_AREA = 1e-3  # relative; triangles that cover more than their polygon, cover some of it twice


class Polygons(NamedTuple):
    """The faces of a file: corners of all of them in a row, as numbers of vertices, and how many each face has."""

    vertices: Float[np.ndarray, "v 3"]
    corners: Int[np.ndarray, "k"]
    sizes: Int[np.ndarray, "f"]

    @classmethod
    def of_lists(cls, vertices: Float[np.ndarray, "v 3"], faces: Sequence[Sequence[int]]) -> "Polygons":
        sizes = np.fromiter(map(len, faces), dtype=np.int64, count=len(faces))
        corners = np.fromiter(chain.from_iterable(faces), dtype=np.int64, count=int(sizes.sum()))
        return cls(vertices, corners, sizes)

    @classmethod
    def of_triangles(cls, vertices: Float[np.ndarray, "v 3"], faces: Int[np.ndarray, "f 3"]) -> "Polygons":
        return cls(vertices, faces.ravel(), np.full(len(faces), 3))

    def triangles(self) -> tuple[Int[np.ndarray, "t 3"], int]:
        """Triangles that cover each polygon once, with all its corners and no others, in the order of the file.

        Also how many polygons cross themselves, so that no triangles do that. Faces of fewer than three corners give none.

        Raises:
            ValueError: corners that are no vertices, or not finite.
        """
        if len(self.corners) and not 0 <= self.corners.min() <= self.corners.max() < len(self.vertices):
            raise ValueError(f"faces have corners beyond its {len(self.vertices)} vertices")
        if not np.isfinite(self.vertices[self.corners]).all():
            raise ValueError("faces have corners that are not finite")
        starts = np.cumsum(self.sizes) - self.sizes
        parts, owners, crossed = [np.empty((0, 3), dtype=np.int64)], [np.empty(0, dtype=np.int64)], 0
        for size in np.unique(self.sizes[self.sizes > 2]):
            chosen = np.flatnonzero(self.sizes == size)
            faces = self.corners[starts[chosen, None] + np.arange(size)]
            cut = faces[:, fan(int(size))]  # [f, size - 2, 3]
            if size > 3:
                for face in np.flatnonzero(~fans_cover(self.vertices[faces])):
                    ears, covered = clip_ears(flatten(self.vertices[faces[face]]))
                    cut[face] = faces[face][ears]
                    crossed += not covered
            parts.append(cut.reshape(-1, 3))
            owners.append(np.repeat(chosen, size - 2))
        return np.concatenate(parts)[np.concatenate(owners).argsort(kind="stable")], crossed


def fan(size: int) -> Int[np.ndarray, "t 3"]:
    """The triangles around a polygon's first corner."""
    second = np.arange(1, size - 1)
    return np.stack([np.zeros_like(second), second, second + 1], -1)


def fans_cover(polygons: Float[np.ndarray, "f k 3"]) -> Bool[np.ndarray, "f"]:
    """Whether the triangles around the first corner cover a polygon: all are turned as the whole is."""
    from_first = polygons[:, 1:] - polygons[:, :1]
    crosses = np.cross(from_first[:, :-1], from_first[:, 1:])
    whole = crosses.sum(1)
    normals = whole / np.maximum(np.linalg.norm(whole, axis=-1, keepdims=True), np.finfo(float).tiny)
    extent = np.ptp(polygons, axis=1).max(-1)
    return (crosses @ normals[..., None] > FLAT * extent[:, None, None] ** 2).all((1, 2))


def flatten(polygon: Float[np.ndarray, "k 3"]) -> Float[np.ndarray, "k 2"]:
    """A polygon seen along its normal, so that it is gone round with positive area, at most 1 wide."""
    placed = (polygon - polygon[0]) / (np.ptp(polygon, axis=0).max() or 1.0)
    normal = np.cross(placed, np.roll(placed, -1, axis=0)).sum(0)
    if np.linalg.norm(normal) <= FLAT:  # a line, or an hourglass
        return placed @ np.linalg.svd(placed - placed.mean(0))[2][:2].T
    right = np.cross(np.eye(3)[np.abs(normal).argmin()], normal)
    up = np.cross(normal, right)
    return placed @ np.stack([axis / np.linalg.norm(axis) for axis in (right, up)], -1)


def clip_ears(polygon: Float[np.ndarray, "k 2"]) -> tuple[Int[np.ndarray, "t 3"], bool]:
    """Triangles of a simple polygon by clipping ears (Meisters 1975), that with the shortest cut first.

    A corner is an ear if it is convex and no other lies in its triangle or on its cut: corners in the middle of an edge
    stay corners of triangles with an area. Also whether the triangles cover the polygon once; where none is an ear, as
    may happen to polygons that cross themselves, the shortest cut is taken.
    """
    left, triangles = np.arange(len(polygon)), []
    while len(left) > 3:
        here = polygon[left]
        before, after = np.roll(here, 1, axis=0), np.roll(here, -1, axis=0)
        order = np.linalg.norm(after - before, axis=1).argsort(kind="stable")
        convex = turn(before, here, after) > FLAT
        ear = next((i for i in order if convex[i] and not holds_any(before[i], here[i], after[i], here)), order[0])
        triangles.append(left[[ear - 1, ear, (ear + 1) % len(left)]])
        left = np.delete(left, ear)
    cut = np.array([*triangles, left])
    area = turn(*(polygon[cut[:, i]] for i in range(3)))
    return cut, bool(np.abs(area).sum() <= (1 + SAME_AREA) * np.abs(area.sum()))


def turn(
    a: Float[np.ndarray, "*n 2"], b: Float[np.ndarray, "*n 2"], c: Float[np.ndarray, "*n 2"]
) -> Float[np.ndarray, "*n"]:
    """Twice the area of the triangle a, b, c; positive where it is gone round anticlockwise."""
    (ux, uy), (vx, vy) = np.moveaxis(b - a, -1, 0), np.moveaxis(c - b, -1, 0)
    return ux * vy - uy * vx


def holds_any(
    a: Float[np.ndarray, "2"], b: Float[np.ndarray, "2"], c: Float[np.ndarray, "2"], points: Float[np.ndarray, "n 2"]
) -> bool:
    """Whether any of the points, other than its corners, is in a triangle or on its sides."""
    inside = np.all([turn(*np.broadcast_arrays(p, q, points)) >= -FLAT for p, q in ((a, b), (b, c), (c, a))], axis=0)
    for corner in (a, b, c):
        inside &= (points != corner).any(1)
    return bool(inside.any())
