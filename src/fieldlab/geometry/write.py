"""Write: triangles as a file, with all the digits that its format has room for."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from trimesh import Scene, Trimesh
from trimesh.transformations import translation_matrix

from fieldlab.notices import say

LOST = 1e-5  # of the extent, that rounding to single precision may move a vertex by without a word


def write_mesh(mesh: Trimesh, file: Path) -> None:
    """Write a mesh as .ply, .obj or .off in double precision, .glb in single precision about its middle, or .stl.

    The coordinates of .stl are in single precision: a warning says if that moves vertices.

    Raises:
        ValueError: another format.
        OSError: a file that cannot be written.
    """
    match file.suffix.lower():
        case ".ply":
            content = to_ply(mesh)
        case ".obj":
            corners = ("f {} {} {}".format(*face) for face in (mesh.faces + 1).tolist())
            content = "".join(f"{line}\n" for line in (*vertex_lines(mesh, "v "), *corners)).encode()
        case ".off":
            head = ("OFF", f"{len(mesh.vertices)} {len(mesh.faces)} 0")
            corners = ("3 {} {} {}".format(*face) for face in mesh.faces.tolist())
            content = "".join(f"{line}\n" for line in (*head, *vertex_lines(mesh, ""), *corners)).encode()
        case ".glb":
            content = to_glb(mesh)
        case ".stl":
            content = mesh.export(file_type="stl")
            warn_of_rounding(mesh, file)
        case _:
            raise ValueError("there is no such format of a mesh")
    assert isinstance(content, bytes)
    file.write_bytes(content)


def to_ply(mesh: Trimesh) -> bytes:
    """A mesh as a binary .ply, with coordinates in double precision."""
    lines = ["ply", "format binary_little_endian 1.0", f"element vertex {len(mesh.vertices)}"]
    lines += [f"property double {axis}" for axis in "xyz"]
    lines += [f"element face {len(mesh.faces)}", "property list uchar int vertex_indices", "end_header", ""]
    faces = np.empty(len(mesh.faces), dtype=[("size", "u1"), ("corners", "<i4", (3,))])
    faces["size"], faces["corners"] = 3, mesh.faces
    return "\n".join(lines).encode() + mesh.vertices.astype("<f8").tobytes() + faces.tobytes()


def vertex_lines(mesh: Trimesh, before: str) -> Iterator[str]:
    """A line for each vertex, in the fewest digits that give the same numbers again."""
    return (f"{before}{x!r} {y!r} {z!r}" for x, y, z in mesh.vertices.tolist())


def to_glb(mesh: Trimesh) -> bytes:
    """A mesh as a binary glTF, whose vertices, in single precision, lie around its middle, to which a node moves them."""
    middle = mesh.bounds.mean(0)
    scene = Scene()
    scene.add_geometry(
        Trimesh(mesh.vertices - middle, mesh.faces, process=False), transform=translation_matrix(middle)
    )
    content = scene.export(file_type="glb")
    assert isinstance(content, bytes)
    return content


def warn_of_rounding(mesh: Trimesh, file: Path) -> None:
    """Warn where single precision moves vertices."""
    moved = np.abs(mesh.vertices.astype(np.float32) - mesh.vertices).max()
    if moved > LOST * mesh.extents.max():
        say(
            "%s has vertices up to %.2g from where they are, as .stl is in single precision; .ply, .obj, .off and .glb are exact",
            file, moved,
        )  # fmt: skip
