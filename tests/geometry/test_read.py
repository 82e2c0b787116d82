"""The same prism in every format and its dialects: volume 3, area 14."""

import struct
from pathlib import Path

import numpy as np
import pytest

from fieldlab.geometry.polygons import Polygons
from fieldlab.geometry.read import PointSet, read_faces_of_ply, read_obj, read_off

BASE = [(0, 0), (2, 0), (2, 1), (1, 1), (1, 2), (0, 2)]
VERTICES = [(x, y, z) for z in (0, 1) for x, y in BASE]
FACES = [(5, 4, 3, 2, 1, 0), (6, 7, 8, 9, 10, 11), *((i, (i + 1) % 6, (i + 1) % 6 + 6, i + 6) for i in range(6))]


def rows(vectors: list, before: str = "", behind: str = "") -> str:
    return "".join(f"{before}{' '.join(map(str, v))}{behind}\n" for v in vectors)


COUNTED = [(len(face), *face) for face in FACES]
OFF = {
    "plain": f"OFF\n12 8 0\n{rows(VERTICES)}{rows(COUNTED)}",
    "counts on the first line": f"OFF 12 8 0\n{rows(VERTICES)}{rows(COUNTED)}",
    "no number of edges": f"OFF\n12 8\n{rows(VERTICES)}{rows(COUNTED)}",
    "no keyword": f"12 8 0\n{rows(VERTICES)}{rows(COUNTED)}",
    "comments": f"# OFF\nOFF # COFF\n\n12 8 0 # counts\n{rows(VERTICES, behind=' # v')}\n# faces\n{rows(COUNTED)}",
    "colours of faces": f"OFF\n12 8 0\n{rows(VERTICES)}{rows(COUNTED, behind=' 255 0 0')}",
    "colours": f"COFF\n12 8 0\n{rows(VERTICES, behind=' 1 0 0 1')}{rows(COUNTED)}",
    "normals": f"NOFF\n12 8 0\n{rows(VERTICES, behind=' 0 0 1')}{rows(COUNTED)}",
    "all": f"STCNOFF\n12 8 0\n{rows(VERTICES, behind=' 0 0 1 1 0 0 1 .5 .5')}{rows(COUNTED)}",
}
ONE = [tuple(i + 1 for i in face) for face in FACES]
OBJ = {
    "plain": rows(VERTICES, "v ") + rows(ONE, "f "),
    "materials": f"mtllib none.mtl\n{rows(VERTICES, 'v ')}g a\nusemtl b\n{rows(ONE[:3], 'f ')}o c\n{rows(ONE[3:], 'f ')}",
    "texture": rows(VERTICES, "v ", " 1 0 0") + "vt 0 0\nvn 0 0 1\n"
    + rows([tuple(f"{i}/1/1" for i in face) for face in ONE], "f "),
    "normals": rows(VERTICES, "v ") + "vn 0 0 1\n" + rows([tuple(f"{i}//1" for i in face) for face in ONE], "f "),
    "from the last": rows(VERTICES, "v ") + rows([tuple(i - 12 for i in face) for face in FACES], "f "),
    "continued": rows(VERTICES, "v ") + rows(ONE, "f ").replace("f 6 5 4 ", "f 6 5 \\\n4 ") + "l 1 2\n",
}  # fmt: skip


def head(encoding: str, kind: str = "float", faces: str = "list uchar int vertex_indices") -> str:
    axes = "".join(f"property {kind} {axis}\n" for axis in "xyz")
    return f"ply\nformat {encoding} 1.0\ncomment a prism\nelement vertex 12\n{axes}element face 8\nproperty {faces}\nend_header\n"


def packed(order: str) -> bytes:
    vertices = b"".join(struct.pack(f"{order}3d", *vertex) for vertex in VERTICES)
    return vertices + b"".join(struct.pack(f"{order}B{len(face)}i", len(face), *face) for face in FACES)


PLY = {
    "text": (head("ascii") + rows(VERTICES) + rows(COUNTED)).encode(),
    "text of another system": (head("ascii") + rows(VERTICES) + rows(COUNTED)).replace("\n", "\r\n").encode(),
    "another name": (head("ascii", faces="list uchar uint vertex_index") + rows(VERTICES) + rows(COUNTED)).encode(),
    "little": head("binary_little_endian", "double").encode() + packed("<"),
    "big": head("binary_big_endian", "double").encode() + packed(">"),
}


def assert_is_the_prism(found: Polygons):
    triangles, crossed = found.triangles()
    a, b, c = found.vertices[triangles.T]
    assert crossed == 0
    assert np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2 == pytest.approx(14)
    assert (a * np.cross(b, c)).sum() / 6 == pytest.approx(3)


@pytest.mark.parametrize("text", OFF.values(), ids=OFF)
def test_off(tmp_path: Path, text: str):
    (tmp_path / "a.off").write_text(text)
    assert_is_the_prism(read_off(tmp_path / "a.off"))


@pytest.mark.parametrize("text", OBJ.values(), ids=OBJ)
def test_obj(tmp_path: Path, text: str):
    (tmp_path / "a.obj").write_text(text)
    assert_is_the_prism(read_obj(tmp_path / "a.obj"))


@pytest.mark.parametrize("content", PLY.values(), ids=PLY)
def test_ply(tmp_path: Path, content: bytes):
    (tmp_path / "a.ply").write_bytes(content)
    found = read_faces_of_ply(tmp_path / "a.ply")
    assert isinstance(found, Polygons)
    assert_is_the_prism(found)


def test_lists_whose_lengths_only_seem_alike_are_told_apart(tmp_path: Path):
    """4, 3 and 5 corners take as many bytes as three times 4."""
    faces = [(0, 1, 2, 3), (0, 1, 2), (0, 1, 2, 3, 4)]
    body = b"".join(struct.pack(f"<B{len(face)}i", len(face), *face) for face in faces)
    header = head("binary_little_endian", "double").replace("face 8", "face 3").encode()
    (tmp_path / "a.ply").write_bytes(header + packed("<")[: 12 * 24] + body)
    found = read_faces_of_ply(tmp_path / "a.ply")
    assert isinstance(found, Polygons)
    assert found.sizes.tolist() == [4, 3, 5]
    assert found.corners.tolist() == [corner for face in faces for corner in face]


def test_properties_between_are_passed_over(tmp_path: Path):
    """Colours of vertices, and elements and lists of other things, in binary."""
    text = (
        "ply\nformat binary_little_endian 1.0\nelement camera 1\nproperty float f\nelement vertex 3\nproperty uchar red\n"
        "property double x\nproperty float q\nproperty double y\nproperty double z\nelement face 2\nproperty uchar flags\n"
        "property list uchar float texcoord\nproperty list uchar int vertex_indices\nend_header\n"
    )
    body = struct.pack("<f", 1)
    for x, y, z in np.eye(3).tolist():
        body += struct.pack("<Bdfdd", 255, x, 9, y, z)
    for corners in ((0, 1, 2), (2, 1, 0)):
        body += struct.pack("<BB6fB3i", 1, 6, *[0.5] * 6, 3, *corners)
    (tmp_path / "a.ply").write_bytes(text.encode() + body)
    found = read_faces_of_ply(tmp_path / "a.ply")
    assert isinstance(found, Polygons)
    np.testing.assert_array_equal(found.vertices, np.eye(3))
    assert found.corners.tolist() == [0, 1, 2, 2, 1, 0]


def test_points_of_a_ply_have_the_normals_that_are_named(tmp_path: Path):
    text = "ply\nformat ascii 1.0\nelement vertex 2\n"
    text += "".join(f"property float {name}\n" for name in ("x", "y", "z", "red", "ny", "nx", "nz"))
    (tmp_path / "a.ply").write_text(f"{text}end_header\n1 2 3 255 5 4 6\n7 8 9 255 11 10 12\n")
    found = read_faces_of_ply(tmp_path / "a.ply")
    assert isinstance(found, PointSet)
    np.testing.assert_array_equal(np.hstack(found[:2]), [[1, 2, 3, 4, 5, 6], [7, 8, 9, 10, 11, 12]])


def test_text_is_read_in_double_precision(tmp_path: Path):
    """Even where a header says float, as all do that come from programs which write more digits than those have."""
    vertices = [(x + 500000.125, y + 5000000.0625, z + 0.1) for x, y, z in VERTICES]
    texts = {"ply": head("ascii") + rows(vertices) + rows(COUNTED), "obj": rows(vertices, "v ") + rows(ONE, "f ")}
    texts["off"] = f"OFF\n12 8 0\n{rows(vertices)}{rows(COUNTED)}"
    for (kind, text), read in zip(texts.items(), (read_faces_of_ply, read_obj, read_off), strict=True):
        (tmp_path / f"a.{kind}").write_text(text)
        found = read(tmp_path / f"a.{kind}")
        assert isinstance(found, Polygons)
        np.testing.assert_array_equal(found.vertices, vertices)


@pytest.mark.parametrize(("name", "content", "says"), [
    ("a.off", b"OFF\n", "how many"),
    ("a.off", b"OFF\n12 8 0\n0 0 0\n", "has 1 lines for 12 vertices and 8 faces"),
    ("a.off", b"4OFF\n1 0 0\n0 0 0 1\n", "4OFF is not in three dimensions"),
    ("a.off", b"OFF BINARY\n\0\0", "is binary"),
    ("a.off", b"OFF\n1 1 0\n0 0 0\n3 0 0\n", "fewer corners"),
    ("a.obj", b"v 0 0 0\nf 0 1 2\n", "from 1"),
    ("a.ply", b"ply\n", "no header"),
    ("a.ply", head("binary_little_endian").encode() + b"\0\0", "buffer"),
    ("a.ply", b"ply\nformat ascii 1.0\nelement vertex 1\nproperty float x\nproperty float y\nproperty float z\n"
              b"element tristrips 1\nproperty list int int vertex_indices\nend_header\n0 0 0\n3 0 0 0\n", "strips of triangles"),
])  # fmt: skip
def test_damage_is_named(tmp_path: Path, name: str, content: bytes, says: str):
    (tmp_path / name).write_bytes(content)
    read = {"off": read_off, "obj": read_obj, "ply": read_faces_of_ply}[name[-3:]]
    with pytest.raises(ValueError, match=says):
        read(tmp_path / name)
