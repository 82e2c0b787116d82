"""Extract: the surface on which a function is zero, as triangles, at any resolution in little memory."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Complex, Float, Int, Int8
from skimage.measure import marching_cubes
from torch import Tensor
from trimesh import Trimesh

FINEST = 4  # cells a side of the cubes that are evaluated whole or not at all
COARSEST = 8  # cubes along an axis that the search begins with, where the resolution allows
SAFETY = 1.5  # times the steepest slope seen, a function may vary
NODES_AT_ONCE = 2**24  # of a slab of the grid: 64 MB
ROUNDING = 1e-5  # cells by which a vertex in a layer may seem to be off it

Function = Callable[[Float[Tensor, "n 3"]], Float[Tensor, "n"]]


def extract(function: Function, resolution: int) -> Trimesh:
    """Marching cubes (Lewiner et al. 2003) of the zero set in the unit cube, at `resolution` cells a side.

    Only cubes that the surface may pass are evaluated: those at whose corners the function is smaller than what it can
    change by on the way to their middle, found from coarse to fine. That holds for functions whose slope has a bound,
    as signed distances have; it is taken to be 1.5 times the steepest that the coarse grid shows, and 1 at least. The
    grid is gone through in slabs, so that what is kept of it are some layers, and a value for each cube of 4 cells.
    Faces are oriented towards larger values; there are none where the function has one sign.

    Raises:
        ValueError: a resolution below 8.
    """
    if resolution < 8:
        raise ValueError(f"resolution must be at least 8, not {resolution}")
    passed, sides = find_cubes(function, resolution)
    vertices, faces, count = [], [], 0
    seam = Seam(-1, np.empty(0, dtype=np.complex128), np.empty(0, dtype=np.int32))
    for first, values in evaluate_slabs(function, resolution, passed, sides):
        if not values.min() < 0 < values.max():
            continue
        points, corners = march_slab(first, values)
        known = seam.find(points, first)
        fresh = known < 0
        number = np.where(fresh, count + fresh.cumsum(dtype=np.int32) - 1, known)
        seam = Seam.close(first + len(values) - 1, points, number)
        vertices.append(points[fresh])
        faces.append(number[corners])
        count += len(vertices[-1])
    if not vertices:
        return Trimesh()
    corners = np.concatenate(faces)
    del faces
    whole = (corners != np.roll(corners, 1, axis=1)).all(1)  # a seam may flatten some
    return Trimesh(np.concatenate(vertices) / resolution, corners[whole], process=False)


class Seam(NamedTuple):
    """The vertices in the layer where two slabs meet, which both compute and which are counted once."""

    layer: int
    keys: Complex[np.ndarray, "k"]  # the two coordinates within the layer, sorted
    number: Int[np.ndarray, "k"]  # of the vertex, in the whole surface

    @classmethod
    def close(cls, layer: int, vertices: Float[np.ndarray, "v 3"], number: Int[np.ndarray, "v"]) -> "Seam":
        """The seam in a layer; several vertices at one place there get one `number`."""
        here = vertices[:, 0] == layer
        keys, first, place = np.unique(layer_keys(vertices[here]), return_index=True, return_inverse=True)
        numbers = number[here][first]
        number[here] = numbers[place]
        return cls(layer, keys, numbers)

    def find(self, vertices: Float[np.ndarray, "v 3"], layer: int) -> Int[np.ndarray, "v"]:
        """The number of each vertex that lies in the layer and is known, -1 for all others."""
        found = np.full(len(vertices), -1, dtype=np.int32)
        if self.layer == layer and len(self.keys):
            here = np.flatnonzero(vertices[:, 0] == layer)
            keys = layer_keys(vertices[here])
            place = self.keys.searchsorted(keys).clip(max=len(self.keys) - 1)
            same = self.keys[place] == keys
            found[here[same]] = self.number[place[same]]
        return found


def layer_keys(vertices: Float[np.ndarray, "v 3"]) -> Complex[np.ndarray, "v"]:
    """The two coordinates within a layer, as one number that can be sorted."""
    return vertices[:, 1] + 1j * vertices[:, 2].astype(np.float64)


def find_cubes(function: Function, resolution: int) -> tuple[Bool[np.ndarray, "k k k"], Int8[np.ndarray, "k k k"]]:
    """The cubes of 4 cells a side that the surface may pass, and the function's sign in the others."""
    stride = FINEST
    while resolution // (2 * stride) >= COARSEST:
        stride *= 2
    count = -(-resolution // stride)
    passed, sides = np.ones((count,) * 3, dtype=bool), np.zeros((count,) * 3, dtype=np.int8)
    steepest = None
    while True:
        corners = np.full(tuple(n + 1 for n in passed.shape), np.nan, dtype=np.float32)
        wanted = nodes_of(passed, 1)
        corners[wanted] = evaluate(function, np.argwhere(wanted) * (stride / resolution))
        if steepest is None:
            steepest = max(
                [1.0, *(np.abs(np.diff(corners, axis=axis)).max() * resolution / stride for axis in range(3))]
            )
        reach = SAFETY * steepest * stride / resolution * np.sqrt(3) / 2
        near = passed & may_hold_zero(corners, reach)
        sides = np.where(passed & ~near, np.sign(corners[:-1, :-1, :-1]), sides).astype(np.int8)
        if stride == FINEST:
            return near, sides
        stride //= 2
        count = -(-resolution // stride)
        passed, sides = (
            array.repeat(2, 0).repeat(2, 1).repeat(2, 2)[:count, :count, :count] for array in (near, sides)
        )


def may_hold_zero(corners: Float[np.ndarray, "x y z"], reach: float) -> Bool[np.ndarray, "u v w"]:
    """Whether any of a cube's eight corners is within `reach` of 0, or two of them differ in sign."""
    small, negative, positive = np.abs(corners) <= reach, corners < 0, corners > 0
    for axis in range(3):
        lower, upper = (slice(None),) * axis + (slice(-1),), (slice(None),) * axis + (slice(1, None),)
        small, negative, positive = (marks[lower] | marks[upper] for marks in (small, negative, positive))
    return small | (negative & positive)


def nodes_of(cubes: Bool[np.ndarray, "x y z"], cells: int) -> Bool[np.ndarray, "u v w"]:
    """The nodes of the marked cubes, each of so many cells a side, those on their faces included."""
    for axis in range(3):
        inner = cubes.repeat(cells, axis)
        size = inner.shape[axis]
        nodes = np.zeros(tuple(n + (a == axis) for a, n in enumerate(inner.shape)), dtype=bool)
        view = np.moveaxis(nodes, axis, 0)
        view[:size] = np.moveaxis(inner, axis, 0)
        view[1 : size + 1] |= np.moveaxis(inner, axis, 0)
        cubes = nodes
    return cubes


def evaluate_slabs(
    function: Function, resolution: int, passed: Bool[np.ndarray, "k k k"], sides: Int8[np.ndarray, "k k k"]
) -> Iterator[tuple[int, Float[np.ndarray, "x y z"]]]:
    """The function on the grid's nodes, some layers at a time, with the sign alone where the surface does not pass.

    The first layer of each is the last one of the slab before it, to the bit.
    """
    layers = max(1, NODES_AT_ONCE // (resolution + 1) ** 2 // FINEST)  # of cubes
    last: np.ndarray | None = None
    for start in range(0, len(passed), layers):
        part = slice(start, start + layers)
        first, stop = start * FINEST, min((start + layers) * FINEST, resolution)
        if not passed[part].any():
            last = None
            continue
        shape = (stop - first + 1, resolution + 1, resolution + 1)
        values = np.empty(shape, dtype=np.float32)
        filled = sides[part].repeat(FINEST, 0).repeat(FINEST, 1).repeat(FINEST, 2)
        values[:] = np.pad(filled, [(0, 1)] * 3, mode="edge")[: shape[0], : shape[1], : shape[2]]
        wanted = nodes_of(passed[part], FINEST)[: shape[0], : shape[1], : shape[2]]
        if last is not None:
            values[0] = last
            wanted[0] = False
        values[wanted] = evaluate(function, (np.argwhere(wanted) + np.array([first, 0, 0])) / resolution)
        last = values[-1].copy()
        yield first, values


def evaluate(function: Function, x: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n"]:
    """The function at points, never 0 itself, so that every node is on one side."""
    values = function(torch.from_numpy(x).float()).numpy()
    return np.where(values == 0, np.finfo(np.float32).tiny, values)


def march_slab(
    first: int, values: Float[np.ndarray, "x y z"]
) -> tuple[Float[np.ndarray, "v 3"], Int[np.ndarray, "f 3"]]:
    """The surface within a slab whose first layer is this one: vertices in cells, and faces."""
    vertices, faces, _, _ = marching_cubes(values, level=0.0, gradient_direction="descent")
    layers = vertices[:, 0].round()
    vertices[:, 0] = np.where(np.abs(vertices[:, 0] - layers) < ROUNDING, layers, vertices[:, 0]) + first
    return vertices, faces
