"""The clouds that a configuration can name: from a file, and of a torus knot."""

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from jaxtyping import Float
from trimesh import Trimesh

from fieldlab.config.files import File, Label
from fieldlab.errors import InputError, first_line
from fieldlab.geometry.compare import Surface, sample_mesh, signed_distance
from fieldlab.geometry.frame import Frame, Points
from fieldlab.geometry.knot import TorusKnot
from fieldlab.geometry.normals import estimate_normals
from fieldlab.geometry.polygons import Polygons
from fieldlab.geometry.read import READERS as MESHES
from fieldlab.geometry.read import PointSet
from fieldlab.geometry.repair import repair, share_inside
from fieldlab.notices import say
from fieldlab.signals.cloud import Cloud
from fieldlab.signals.columns import read_npy, read_xyz

READERS: dict[str, Callable[[Path], Polygons | PointSet | None]] = {**MESHES, ".xyz": read_xyz, ".npy": read_npy}
FEWEST = 16  # points
LOOKED_AT = 2000  # points of a surface, for whether it lies within itself
OVERLAP = 0.01  # of a surface, that may lie within it without a word
COARSE = 1e-3  # of the extent, that coordinates may be apart without a word


def cloud(*, name: Label | None, path: File, points: int, fill: float, seed: int) -> Cloud:
    """Points of the surface in a file.

    A mesh (.ply, .obj, .off, .stl, .glb) is sampled uniformly at so many `points`, with the normals of its faces. Of a
    cloud (.ply without faces, .xyz and .npy: three columns, or more with normals) all points are taken; missing normals
    are estimated from neighbours, and their sign is a guess then. The longest extent takes `fill` of the unit cube's side.
    The exact distance is known of a closed mesh.

    Raises:
        InputError: a file that is missing, damaged, of an unknown type or without a surface.
        ValueError: too few points to draw, a fill that is not between 0 and 1.
    """
    if points < FEWEST:
        raise ValueError(f"points must be at least {FEWEST}, not {points}")
    file = Path(path).expanduser()
    found = read(file)
    if isinstance(found, PointSet):
        return build_point_cloud(name or file.stem, found, file, fill)
    return build_mesh_cloud(name or file.stem, found, file, fill, points, seed)


def torus_knot(*, name: Label, p: int, q: int, tube: float, points: int, fill: float, seed: int) -> Cloud:
    """Points of a `fieldlab.geometry.knot.TorusKnot`, uniformly distributed, exact like their normals.

    Raises:
        ValueError: what is no such knot, too few points, a fill that is not between 0 and 1.
    """
    if points < FEWEST:
        raise ValueError(f"points must be at least {FEWEST}, not {points}")
    knot = TorusKnot(p, q, tube)
    frame = Frame.around(np.asarray(knot.mesh.vertices), fill)
    drawn = knot.surface(points, seed)

    def distance(x: Points) -> Float[np.ndarray, "n"]:
        return knot.distance(frame.original(x)) / frame.side

    def exact(count: int) -> Surface:
        own = knot.surface(count, seed + 1)

        def nearest(x: Points) -> tuple[Float[np.ndarray, "n"], Points]:
            far, normals = own.nearest(frame.original(x))
            return far / frame.side, normals

        return Surface(frame.canonical(own.points), own.normals, nearest)

    mesh = Trimesh(frame.canonical(np.asarray(knot.mesh.vertices)), knot.mesh.faces, process=False)
    return Cloud.in_frame(
        name, frame, frame.canonical(drawn.points), drawn.normals, mesh=mesh, distance=distance, exact=exact
    )


def read(file: Path) -> Polygons | PointSet:
    """The faces in a file, or the points of one that is a cloud."""
    kind = file.suffix.lower()
    if kind not in READERS:
        raise InputError(f"signal.path: {file} should be a mesh or a cloud of points: {', '.join(READERS)}")
    if not file.is_file():
        raise InputError(f"signal.path: there is no file {file}")
    try:
        found = READERS[kind](file)
    except InputError:
        raise
    except Exception as error:  # whatever a reader makes of damage
        raise InputError(f"signal.path: {file} is damaged, or no {kind} ({first_line(error)})") from error
    if found is None or (isinstance(found, Polygons) and not len(found.sizes)):
        raise InputError(f"signal.path: {file} has no faces; save a cloud of points as .ply, .xyz or .npy")
    return found


def build_mesh_cloud(name: str, polygons: Polygons, file: Path, fill: float, points: int, seed: int) -> Cloud:
    """A cloud of points drawn from the surface of polygons, which is measured in canonical coordinates."""
    try:
        faces, crossed = polygons.triangles()
    except ValueError as error:
        raise InputError(f"signal.path: {file} is damaged, its {error}") from error
    corners = polygons.vertices[faces]
    apart = (corners != np.roll(corners, 1, axis=1)).any(-1).all(1)  # others may be anywhere
    if not apart.any():
        raise InputError(f"signal.path: all faces of {file} have an area of 0")
    frame = frame_of(corners[apart].reshape(-1, 3), fill, file)
    mesh, solid, remarks = repair(frame.canonical(polygons.vertices), faces)
    if not mesh.area > 0:
        raise InputError(f"signal.path: all faces of {file} have an area of 0")
    drawn = sample_mesh(mesh, points, seed)
    if crossed:
        remarks = [f"has {crossed:,} polygons that cross themselves; how they are filled is a guess", *remarks]
    if solid and (share := share_inside(mesh, drawn.points[:LOOKED_AT], drawn.normals[:LOOKED_AT])) > OVERLAP:
        remarks.append(
            f"has {share:.0%} of its surface inside of it, as where bodies overlap: distances are to that, too"
        )
    warn(file, remarks)
    distance = signed_distance(mesh) if solid else None
    return Cloud.in_frame(name, frame, drawn.points, drawn.normals, mesh=mesh, distance=distance)


def build_point_cloud(name: str, found: PointSet, file: Path, fill: float) -> Cloud:
    """A cloud of all points of a file, with unit normals that are theirs or estimated."""
    points, normals, remarks = found
    if len(points) < FEWEST:
        raise InputError(f"signal.path: {file} has {len(points)} points; a surface needs at least {FEWEST}")
    finite = np.isfinite(points if normals is None else np.hstack([points, normals])).all(1)
    if not finite.all():
        raise InputError(f"signal.path: {(~finite).sum()} of {len(points)} points in {file} are not finite")
    frame = frame_of(points, fill, file)
    placed = frame.canonical(points)
    if normals is None:
        remarks = [*remarks, "has no normals; they are estimated, and which side is outside is a guess"]
        unit = estimate_normals(placed)
    else:
        lengths = np.linalg.norm(normals, axis=1, keepdims=True)
        if not (lengths > 0).all():
            raise InputError(
                f"signal.path: {(lengths == 0).sum()} of {len(points)} normals in {file} are 0; leave all out to have them estimated"
            )
        unit = normals / lengths
    warn(file, remarks)
    return Cloud.in_frame(name, frame, placed, unit)


def frame_of(points: Points, fill: float, file: Path) -> Frame:
    """The cube around points; warns where single precision has moved them."""
    if not np.ptp(points, axis=0).any():
        raise InputError(f"signal.path: all points of {file} coincide")
    frame = Frame.around(points, fill)
    single = points.astype(np.float32)
    step = np.spacing(np.abs(single).max())
    if step > COARSE * fill * frame.side and (single == points).all() and (points != points.round()).any():
        warn(
            file,
            [
                f"has coordinates in steps of {step:.2g}, as single precision has them this far from 0: {step / (fill * frame.side):.1%} of its size"
            ],
        )
    return frame


def warn(file: Path, remarks: Iterable[str]) -> None:
    for remark in remarks:
        say("%s %s", file, remark)
