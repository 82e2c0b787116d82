"""Extract: the surface on which a function is zero, as triangles, at any resolution in little memory."""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, Int8
from skimage.measure import marching_cubes
from torch import Tensor
from trimesh import Trimesh

FINEST = 4  # cells a side of the cubes that are evaluated whole or not at all
COARSEST = 8  # cubes along an axis that the search begins with, at least
SAFETY = 1.5  # times the steepest slope seen, a function may vary
NODES_AT_ONCE = 2**24  # of a slab of the grid: 64 MB
FAR = 1.0
ROUNDING = 1e-5  # cells by which a vertex in a layer may seem to be off it
EXACT = 9

Function = Callable[[Float[Tensor, "n 3"]], Float[Tensor, "n"]]


def extract(function: Function, resolution: int) -> Trimesh:
    """Marching cubes (Lewiner et al. 2003) of the zero set in the unit cube, at `resolution` cells a side.

    Only cubes that the surface may pass are evaluated: those at whose corners the function is smaller than what it can
    change by on the way to their middle, found from coarse to fine. That holds for functions whose slope has a bound,
    as signed distances have; it is taken to be 1.5 times the steepest that the coarse grid shows, and 1 at least. The
    grid is gone through in slabs, so that memory grows with the square of the resolution. Faces are oriented
    towards larger values; there are none where the function has one sign.

    Raises:
        ValueError: a resolution below 8.
    """
    if resolution < 8:
        raise ValueError(f"resolution must be at least 8, not {resolution}")
    passed, sides = search(function, resolution)
    vertices, faces, count = [], [], 0
    for first, values in slabs(function, resolution, passed, sides):
        if values.min() < 0 < values.max():
            places, corners = triangles(first, values)
            vertices.append(places)
            faces.append(corners + count)
            count += len(places)
    if not vertices:
        return Trimesh()
    whole = Trimesh(np.concatenate(vertices), np.concatenate(faces), process=False)
    whole.merge_vertices(digits_vertex=EXACT)  # where slabs meet, both have the same vertices
    whole.update_faces(
        (whole.faces != np.roll(whole.faces, 1, axis=1)).all(1)
    )  # not those that merging has flattened
    whole.apply_scale(1 / resolution)
    return whole


def search(function: Function, resolution: int) -> tuple[Bool[np.ndarray, "k k k"], Int8[np.ndarray, "k k k"]]:
    """Which cubes of 4 cells a side the surface may pass, and the function's sign in the others."""
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
        low, high = extremes(corners)
        near = passed & ((np.minimum(np.abs(low), np.abs(high)) <= reach) | (low * high <= 0))
        sides = np.where(passed & ~near, np.sign(low), sides).astype(np.int8)
        if stride == FINEST:
            return near, sides
        stride //= 2
        count = -(-resolution // stride)
        passed, sides = (
            array.repeat(2, 0).repeat(2, 1).repeat(2, 2)[:count, :count, :count] for array in (near, sides)
        )


def extremes(corners: Float[np.ndarray, "x y z"]) -> tuple[np.ndarray, np.ndarray]:
    """The smallest and the largest of each cube's eight corners, NaN for cubes that were not looked at."""
    low = high = corners
    for axis in range(3):
        lower, upper = (slice(None),) * axis + (slice(-1),), (slice(None),) * axis + (slice(1, None),)
        low, high = np.minimum(low[lower], low[upper]), np.maximum(high[lower], high[upper])
    return low, high


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


def slabs(
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
        values[:] = np.pad(filled, [(0, 1)] * 3, mode="edge")[: shape[0], : shape[1], : shape[2]] * FAR
        wanted = nodes_of(passed[part], FINEST)[: shape[0], : shape[1], : shape[2]]
        if last is not None:
            values[0] = last
            wanted[0] = False
        values[wanted] = evaluate(function, (np.argwhere(wanted) + np.array([first, 0, 0])) / resolution)
        last = values[-1].copy()
        yield first, values


def evaluate(function: Function, x: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n"]:
    return function(torch.from_numpy(x).float()).numpy()


def triangles(
    first: int, values: Float[np.ndarray, "x y z"]
) -> tuple[Float[np.ndarray, "v 3"], Int[np.ndarray, "f 3"]]:
    """The surface within a slab whose first layer is this one: vertices in cells, and faces."""
    vertices, faces, _, _ = marching_cubes(values, level=0.0, gradient_direction="descent")
    layers = vertices[:, 0].round()
    vertices[:, 0] = np.where(np.abs(vertices[:, 0] - layers) < ROUNDING, layers, vertices[:, 0]) + first
    return vertices, faces
