"""Read: the faces, or the points alone, of a file of triangles or polygons, in double precision where it has it."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import trimesh
from jaxtyping import Float
from trimesh import Trimesh

from fieldlab.geometry.ply import read_ply
from fieldlab.geometry.polygons import Polygons

Points = Float[np.ndarray, "n 3"]

OFF = re.compile(r"(ST)?C?N?OFF", re.IGNORECASE)
INDICES = ("vertex_indices", "vertex_index")
NORMALS = ("nx", "ny", "nz")


class PointSet(NamedTuple):
    """Points, their normals of any length if they have any, and remarks on how they were found."""

    points: Points
    normals: Points | None
    remarks: list[str]


def read_obj(file: Path) -> Polygons:
    """The faces of a Wavefront OBJ file, of all its groups and objects together; lines and curves are passed over."""
    vertices: list[list[str]] = []
    faces: list[list[int]] = []
    for line in file.read_text("utf-8", "replace").replace("\\\n", " ").splitlines():
        word, *rest = line.partition("#")[0].split() or [""]
        if word == "v":
            vertices.append(rest[:3])
        elif word == "f":
            numbers = [int(corner.partition("/")[0]) for corner in rest]
            if 0 in numbers:
                raise ValueError("faces count their corners from 1")
            faces.append([n - 1 if n > 0 else len(vertices) + n for n in numbers])  # negative ones from the last
    return Polygons.of_lists(np.array(vertices, dtype=float).reshape(-1, 3), faces)


def read_off(file: Path) -> Polygons:
    """The faces of an OFF file (Geomview), with or without normals, colours and texture coordinates behind its vertices."""
    lines = list(rows_of(file.read_text("utf-8", "replace")))
    if lines and lines[0][0].upper().endswith("OFF"):
        kind, *lines[0] = lines[0]
        if not OFF.fullmatch(kind):
            raise ValueError(f"{kind} is not in three dimensions")
        if lines[0][:1] == ["BINARY"]:
            raise ValueError("it is binary; save it as text")
        lines = lines if lines[0] else lines[1:]
    if not lines or len(lines[0]) < 2:
        raise ValueError("it does not say how many vertices and faces it has")
    count, total = int(lines[0][0]), int(lines[0][1])
    if len(lines) < 1 + count + total:
        raise ValueError(f"it has {len(lines) - 1} lines for {count} vertices and {total} faces")
    vertices = np.array([line[:3] for line in lines[1 : 1 + count]], dtype=float).reshape(-1, 3)
    faces = [[int(n) for n in line[: 1 + int(line[0])]] for line in lines[1 + count : 1 + count + total]]
    if any(len(face) != 1 + face[0] for face in faces):
        raise ValueError("it has faces with fewer corners than they say")
    faces = [face[1:] for face in faces]
    return Polygons.of_lists(vertices, faces)


def rows_of(text: str) -> Iterator[list[str]]:
    """The words of each line that has any, without comments."""
    for line in text.splitlines():
        words = line.partition("#")[0].split()
        if words:
            yield words


def read_faces_of_ply(file: Path) -> Polygons | PointSet:
    """The faces of a PLY file; of one without, its points, with the normals `nx ny nz` if it has them."""
    elements = read_ply(file)
    values = elements["vertex"].values if "vertex" in elements else {}
    if not all(axis in values for axis in "xyz"):
        raise ValueError("it has no vertices with x, y and z")
    vertices = np.column_stack([values[axis] for axis in "xyz"]).astype(float)
    if "face" in elements and elements["face"].count:
        lists = elements["face"].lists
        named = [lists[name] for name in (*INDICES, *lists) if name in lists]
        if not named:
            raise ValueError("its faces have no corners")
        corners, sizes = named[0]
        return Polygons(vertices, corners.astype(np.int64), sizes.astype(np.int64))
    if "tristrips" in elements:
        raise ValueError("it has strips of triangles; save it with faces")
    if not all(axis in values for axis in NORMALS):
        return PointSet(vertices, None, [])
    return PointSet(vertices, np.column_stack([values[axis] for axis in NORMALS]).astype(float), [])


def read_by_trimesh(file: Path) -> Polygons | None:
    """The triangles of a file that has no other polygons, where its scene has them; None without any."""
    loaded = trimesh.load_scene(file, process=False).to_geometry()
    if not isinstance(loaded, Trimesh):
        return None
    return Polygons.of_triangles(np.asarray(loaded.vertices, dtype=float), np.asarray(loaded.faces))


READERS: dict[str, Callable[[Path], Polygons | PointSet | None]] = {
    ".ply": read_faces_of_ply,
    ".obj": read_obj,
    ".off": read_off,
    ".stl": read_by_trimesh,
    ".glb": read_by_trimesh,
}
