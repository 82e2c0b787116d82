"""The clouds that a configuration can name: a file's, and a torus knot's."""

import logging
from functools import partial
from pathlib import Path

import numpy as np
import trimesh
from jaxtyping import Float
from trimesh import PointCloud, Trimesh, repair

from fieldlab.errors import InputError, first_line
from fieldlab.shapes.compare import sampled, signed_distance
from fieldlab.shapes.knot import TorusKnot
from fieldlab.shapes.orient import estimate_normals
from fieldlab.signals.cloud import Cloud, Points, framed

MESHES = (".obj", ".off", ".stl", ".glb")
TYPES = (".ply", ".xyz", ".npy", *MESHES)
FEWEST = 16  # points

Array = Float[np.ndarray, "n k"]


def cloud(*, name: str | None, path: str, points: int, fill: float, seed: int) -> Cloud:
    """Points of the surface in a file.

    A mesh (.ply, .obj, .off, .stl, .glb) is sampled uniformly at so many `points`, with the normals of its faces. Of a
    cloud (.ply without faces, .xyz and .npy: three columns, or six with normals) all points are taken; missing normals
    are estimated from neighbours, and their sign is a guess then. The longest extent takes `fill` of the unit cube's side.
    The exact distance is known of a watertight mesh.

    Raises:
        InputError: a file that is missing, damaged, of an unknown type or without a surface.
        ValueError: too few points to draw, a fill that is not between 0 and 1.
    """
    if points < FEWEST:
        raise ValueError(f"points must be at least {FEWEST}, not {points}")
    file = Path(path).expanduser()
    name = name or file.stem
    found = read(file)
    if isinstance(found, Trimesh):
        solid = turned(found, file)
        drawn = sampled(found, points, seed)
        distance = signed_distance(found) if solid else None
        return framed(name, drawn.points, drawn.normals, fill=fill, mesh=found, distance=distance)
    places, normals = checked(found, file)
    if normals is None:
        tell(file, "has no normals; they are estimated, and which side is outside is a guess")
        normals = estimate_normals(places)
    return framed(name, places, normals, fill=fill)


def torus_knot(*, name: str, p: int, q: int, tube: float, points: int, fill: float, seed: int) -> Cloud:
    """Points of a `fieldlab.shapes.knot.TorusKnot`, uniformly distributed, exact like their normals.

    Raises:
        ValueError: what is no such knot, too few points, a fill that is not between 0 and 1.
    """
    if points < FEWEST:
        raise ValueError(f"points must be at least {FEWEST}, not {points}")
    knot = TorusKnot(p, q, tube)
    drawn = knot.surface(points, seed)
    exact = partial(knot.surface, seed=seed + 1)
    return framed(name, drawn.points, drawn.normals, fill=fill, mesh=knot.mesh, distance=knot.distance, exact=exact)


def read(file: Path) -> Trimesh | Array:
    """A mesh, or the columns of a cloud: points, and normals behind them if there are any."""
    kind = file.suffix.lower()
    if kind not in TYPES:
        raise InputError(f"signal.path: {file} should be a mesh or a cloud of points: {', '.join(TYPES)}")
    if not file.is_file():
        raise InputError(f"signal.path: there is no file {file}")
    try:
        if kind == ".npy":
            return np.atleast_2d(np.load(file)).astype(float)
        if kind == ".xyz":
            return np.loadtxt(file, ndmin=2)
        loaded = trimesh.load_scene(file, process=False).to_geometry()
    except Exception as error:  # whatever a reader makes of damage
        raise InputError(f"signal.path: {file} is damaged, or no {kind} ({first_line(error)})") from error
    if isinstance(loaded, PointCloud) and kind not in MESHES:
        return columns(loaded)
    if not isinstance(loaded, Trimesh) or not len(loaded.faces):
        raise InputError(f"signal.path: {file} has no faces; save a cloud of points as .ply, .xyz or .npy")
    if not np.isfinite(loaded.vertices).all():
        raise InputError(f"signal.path: {file} has vertices that are not finite")
    loaded.merge_vertices(merge_tex=True, merge_norm=True)
    if not loaded.area > 0:
        raise InputError(f"signal.path: all faces of {file} have an area of 0")
    return loaded


def turned(mesh: Trimesh, file: Path) -> bool:
    """Whether the mesh has an inside; faces of one that does are turned so that all of them look outwards."""
    if mesh.is_watertight and not mesh.is_winding_consistent:
        tell(file, "has faces that look in different directions; they are turned alike")
        repair.fix_normals(mesh)
    solid = mesh.is_watertight and mesh.is_winding_consistent
    if solid and mesh.volume < 0:
        tell(file, "has its faces inside out; they are turned")
        mesh.invert()
    return solid


def columns(points: PointCloud) -> Array:
    """A .ply's points, with its nx, ny and nz where it has them."""
    data = points.metadata.get("_ply_raw", {}).get("vertex", {}).get("data", {})
    named = data.keys() if isinstance(data, dict) else data.dtype.names or ()
    normals = [np.ravel(data[key]) for key in ("nx", "ny", "nz") if key in named]
    return np.column_stack([points.vertices, *normals]).astype(float)


def checked(found: Array, file: Path) -> tuple[Points, Points | None]:
    """Points, and unit normals if there are any."""
    if found.ndim != 2 or found.shape[1] not in (3, 6):
        shape = " x ".join(map(str, found.shape))
        raise InputError(f"signal.path: {file} is {shape}; it needs 3 columns, or 6 with normals")
    if len(found) < FEWEST:
        raise InputError(f"signal.path: {file} has {len(found)} points; a surface needs at least {FEWEST}")
    if not np.isfinite(found).all():
        bad = (~np.isfinite(found).all(1)).sum()
        raise InputError(f"signal.path: {bad} of {len(found)} points in {file} are not finite")
    if found.shape[1] == 3:
        return found, None
    places, normals = found[:, :3], found[:, 3:]
    lengths = np.linalg.norm(normals, axis=1, keepdims=True)
    if not (lengths > 0).all():
        raise InputError(
            f"signal.path: {(lengths == 0).sum()} of {len(found)} normals in {file} are 0; leave all out to have them estimated"
        )
    return places, normals / lengths


def tell(file: Path, what: str) -> None:
    logging.getLogger("fieldlab").warning("%s %s", file, what)
