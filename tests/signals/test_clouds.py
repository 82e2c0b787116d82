"""Clouds from files, and what is no cloud."""

import logging
from pathlib import Path

import numpy as np
import pytest
import torch
import trimesh

from fieldlab.errors import InputError
from fieldlab.geometry.compare import chamfer, sample_mesh
from fieldlab.geometry.extract import extract
from fieldlab.geometry.write import write_mesh
from fieldlab.signals.cloud import Cloud
from fieldlab.signals.clouds import cloud, torus_knot

HOW = {"name": None, "points": 2000, "fill": 0.8, "seed": 0}


def ball() -> trimesh.Trimesh:
    mesh = trimesh.creation.icosphere(subdivisions=3, radius=2.0)
    mesh.apply_translation([10, 20, 30])
    return mesh


def oriented(count: int = 500) -> tuple[np.ndarray, np.ndarray]:
    normals = np.random.default_rng(0).normal(size=(count, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    return 2 * normals + [10, 20, 30], normals


def assert_is_the_ball(found: Cloud, *, mesh: bool):
    assert found.dim == 3
    assert found.channels == 1
    torch.testing.assert_close(found.values, torch.full((found.samples, 1), 0.5))
    assert found.centre == pytest.approx((10, 20, 30), abs=0.05)
    assert found.span == pytest.approx((-2.5, 2.5), abs=0.05)  # 2 / 0.8 about the centre
    outwards = found.points - 0.5
    torch.testing.assert_close(outwards.norm(dim=-1), torch.full((found.samples,), 0.4), atol=0.02, rtol=0)
    assert (torch.cosine_similarity(outwards, found.normals, dim=-1) > 0.95).all()
    assert (found.mesh is not None) == mesh
    if found.distance is not None:
        at = found.distance(np.array([[0.5, 0.5, 0.5], [0.5, 0.5, 1.0]]))
        np.testing.assert_allclose(at, [-0.4, 0.1], atol=5e-3)


@pytest.mark.parametrize("kind", ["ply", "obj", "stl", "off", "glb"])
def test_triangles_of_every_type(tmp_path: Path, kind: str):
    ball().export(tmp_path / f"ball.{kind}")
    found = cloud(path=str(tmp_path / f"ball.{kind}"), **HOW)
    assert found.name == "ball"
    assert found.samples == 2000
    assert found.distance is not None
    assert_is_the_ball(found, mesh=True)


@pytest.mark.parametrize("kind", ["xyz", "npy", "ply"])
def test_oriented_points_of_every_type(tmp_path: Path, kind: str):
    rows, file = np.hstack(oriented()), tmp_path / f"ball.{kind}"
    rows[:, 3:] *= 3  # of any length
    write(file, rows)
    found = cloud(path=str(file), **HOW)
    assert found.samples == 500
    assert found.distance is None
    assert_is_the_ball(found, mesh=False)


def write(file: Path, rows: np.ndarray) -> None:
    if file.suffix == ".npy":
        np.save(file, rows)
    elif file.suffix == ".xyz":
        np.savetxt(file, rows)
    else:
        names = ["x", "y", "z", "nx", "ny", "nz"][: rows.shape[1]]
        head = ["ply", "format ascii 1.0", f"element vertex {len(rows)}", *(f"property float {n}" for n in names)]
        lines = [" ".join(map(str, row)) for row in rows]
        file.write_text("\n".join([*head, "end_header", *lines]) + "\n")


@pytest.mark.parametrize("kind", ["xyz", "npy", "ply"])
def test_missing_normals_are_estimated_with_a_word(tmp_path: Path, kind: str, caplog: pytest.LogCaptureFixture):
    file = tmp_path / f"ball.{kind}"
    write(file, oriented(3000)[0])
    with caplog.at_level(logging.WARNING, "fieldlab"):
        found = cloud(path=str(file), **HOW)
    assert "has no normals" in caplog.text
    assert_is_the_ball(found, mesh=False)


def test_an_open_mesh_has_no_inside_with_a_word(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    mesh = ball()
    trimesh.Trimesh(mesh.vertices, mesh.faces[100:], process=False).export(tmp_path / "bowl.ply")
    with caplog.at_level(logging.WARNING, "fieldlab"):
        found = cloud(path=str(tmp_path / "bowl.ply"), **HOW)
    assert "has no inside" in caplog.text
    assert found.mesh is not None
    assert found.distance is None


def test_a_mesh_inside_out_is_turned_with_a_word(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    mesh = ball()
    mesh.invert()
    mesh.export(tmp_path / "ball.ply")
    with caplog.at_level(logging.WARNING, "fieldlab"):
        found = cloud(path=str(tmp_path / "ball.ply"), **HOW)
    assert "inside out" in caplog.text
    assert_is_the_ball(found, mesh=True)


def test_faces_that_look_in_different_directions_are_turned_alike(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    mesh = ball()
    flipped = np.where(np.arange(len(mesh.faces))[:, None] % 3 == 0, mesh.faces[:, ::-1], mesh.faces)
    trimesh.Trimesh(mesh.vertices, flipped, process=False).export(tmp_path / "ball.ply")
    with caplog.at_level(logging.WARNING, "fieldlab"):
        found = cloud(path=str(tmp_path / "ball.ply"), **HOW)
    assert "different directions" in caplog.text
    assert_is_the_ball(found, mesh=True)


@pytest.mark.slow
def test_the_exact_knot_is_the_yardstick():
    """Not triangles: the exact distance, extracted, comes the closer the finer it is."""
    found = torus_knot(name="knot", p=2, q=3, tube=0.5, points=500, fill=0.9, seed=0)
    scores = []
    for resolution in (64, 128):
        surface = extract(lambda x: torch.from_numpy(found.distance(x.double().numpy())).float(), resolution)  # type: ignore[misc]
        scores.append(chamfer(sample_mesh(surface, 5000), found.surface(5000))[0])
    assert scores[0] < 1e-3
    assert scores[1] < 0.3 * scores[0]


def test_seams_of_a_textured_mesh_are_closed(tmp_path: Path):
    """Vertices that a file repeats with other texture coordinates are one."""
    box = trimesh.creation.box()
    lines = [f"v {x} {y} {z}" for x, y, z in box.vertices] + [f"vt {i / 40} 0" for i in range(36)]
    corners = iter(range(1, 37))
    lines += ["f " + " ".join(f"{v + 1}/{next(corners)}" for v in face) for face in box.faces]
    (tmp_path / "box.obj").write_text("\n".join(lines))
    assert cloud(path=str(tmp_path / "box.obj"), **HOW).distance is not None


def test_the_knot_is_on_its_surface():
    found = torus_knot(name="knot", p=2, q=3, tube=0.5, points=500, fill=0.9, seed=0)
    assert found.distance is not None
    x, normals = found.points.double().numpy(), found.normals.double().numpy()
    np.testing.assert_allclose(found.distance(x), 0, atol=1e-6)
    np.testing.assert_allclose(found.distance(x + 0.01 * normals), 0.01, atol=1e-5)
    assert float(np.ptp(found.mesh.vertices, axis=0).max()) == pytest.approx(0.9)  # type: ignore[union-attr]


FAR = np.array([5e5, 5e6, 100])  # as surveys have it


def moved(mesh: trimesh.Trimesh, scale: float, by: np.ndarray, file: Path) -> Cloud:
    """The cloud of a mesh's file that is scaled and moved; written in doubles."""
    write_mesh(trimesh.Trimesh(mesh.vertices * scale + by, mesh.faces, process=False), file)
    return cloud(path=str(file), **HOW)


@pytest.mark.parametrize("kind", ["ply", "obj", "off", "glb"])
@pytest.mark.parametrize(("scale", "by"), [(1, FAR), (1e-6, FAR * 0), (1e9, FAR)], ids=["far", "tiny", "huge"])
def test_place_and_size_do_not_matter(
    tmp_path: Path, kind: str, scale: float, by: np.ndarray, caplog: pytest.LogCaptureFixture
):
    """The canonical cloud, the exact distances and their signs are those of the same mesh at the origin, of size 2."""
    mesh = trimesh.creation.icosphere(subdivisions=3)
    here, there = moved(mesh, 1, FAR * 0, tmp_path / "a.ply"), moved(mesh, scale, by, tmp_path / f"b.{kind}")
    torch.testing.assert_close(there.points, here.points, atol=2e-7, rtol=0)
    torch.testing.assert_close(there.normals, here.normals, atol=1e-5, rtol=0)
    assert there.centre == pytest.approx(by, abs=1e-6 * scale)
    assert there.span == pytest.approx((-1.25 * scale, 1.25 * scale), rel=1e-6)
    assert here.distance is not None
    assert there.distance is not None
    x = np.random.default_rng(0).random((4000, 3))
    np.testing.assert_allclose(there.distance(x), here.distance(x), atol=1e-7)
    assert not caplog.records


@pytest.mark.parametrize("normals", [True, False])
def test_place_and_size_of_points_do_not_matter(tmp_path: Path, normals: bool):
    points = oriented(1000)[1]
    found = []
    for scale, by in ((1, FAR * 0), (1, FAR), (1e-6, FAR * 0)):
        np.save(tmp_path / "a.npy", np.hstack([points * scale + by, *([points] if normals else [])]))
        found.append(cloud(path=str(tmp_path / "a.npy"), **HOW))
    for other in found[1:]:
        torch.testing.assert_close(other.points, found[0].points, atol=2e-7, rtol=0)
        torch.testing.assert_close(other.normals, found[0].normals, atol=1e-4, rtol=0)


def test_coordinates_that_single_precision_has_moved_have_a_word(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    mesh = trimesh.creation.icosphere(subdivisions=1)
    mesh.apply_translation(FAR)
    mesh.export(tmp_path / "a.stl")
    with caplog.at_level(logging.WARNING, "fieldlab"):
        cloud(path=str(tmp_path / "a.stl"), **HOW)
    assert (
        "has coordinates in steps of 0.5, as single precision has them this far from 0: 25.0% of its size"
        in caplog.text
    )


@pytest.mark.parametrize("unused", ["v 1e9 0 0", "v nan nan nan", "v 1e9 0 0\nf -1 -1 -1"])
def test_vertices_of_no_face_do_not_count(tmp_path: Path, unused: str):
    mesh = ball()
    text = [f"v {x!r} {y!r} {z!r}" for x, y, z in mesh.vertices.tolist()]
    text += ["f {} {} {}".format(*face) for face in (mesh.faces + 1).tolist()]
    (tmp_path / "a.obj").write_text("\n".join([*text, unused]) + "\n")
    assert_is_the_ball(cloud(path=str(tmp_path / "a.obj"), **HOW), mesh=True)


def test_polygons_are_sampled_where_they_are(tmp_path: Path):
    """An L of height 1: no point lies in the corner that it leaves out, and the distance there is that to the corner."""
    base = [(0, 0), (2, 0), (2, 1), (1, 1), (1, 2), (0, 2)]
    faces = [(5, 4, 3, 2, 1, 0), (6, 7, 8, 9, 10, 11), *((i, (i + 1) % 6, (i + 1) % 6 + 6, i + 6) for i in range(6))]
    text = "".join(f"v {x} {y} {z}\n" for z in (0, 1) for x, y in base)
    (tmp_path / "l.obj").write_text(text + "".join(f"f {' '.join(str(i + 1) for i in face)}\n" for face in faces))
    found = cloud(path=str(tmp_path / "l.obj"), **HOW)
    assert found.mesh is not None
    assert found.mesh.area * 2.5**2 == pytest.approx(14)  # the cube's side is 2 / 0.8
    own = (found.points.double().numpy() - 0.5) * 2.5 + [1, 1, 0.5]
    assert not ((own[:, 0] > 1.0001) & (own[:, 1] > 1.0001)).any()
    assert found.distance is not None
    at = (np.array([[1.5, 1.5, 0.5], [0.5, 0.5, 0.5], [1.2, 1.1, 0.5]]) - [1, 1, 0.5]) / 2.5 + 0.5
    np.testing.assert_allclose(found.distance(at) * 2.5, [0.5, -0.5, 0.1], atol=1e-9)


def test_what_is_left_out_of_a_mesh_is_told_with_the_file(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    mesh = ball()
    vertices = "".join(f"v {x!r} {y!r} {z!r}\n" for x, y, z in mesh.vertices.tolist())
    faces = "".join("f {} {} {}\n".format(*face) for face in (mesh.faces + 1).tolist())
    (tmp_path / "a.obj").write_text(f"{vertices}{faces}f 1 1 2\nf 2 2 2\nf 3 4 4\n")
    with caplog.at_level(logging.WARNING, "fieldlab"):
        found = cloud(path=str(tmp_path / "a.obj"), **HOW)
    assert [record.getMessage() for record in caplog.records] == [
        f"{tmp_path}/a.obj has 3 triangles without area; they are left out"
    ]
    assert found.distance is not None
    assert found.normals.isfinite().all()
    assert_is_the_ball(found, mesh=True)


def test_a_surface_within_its_own_inside_has_a_word(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    both = trimesh.util.concatenate(
        [ball(), trimesh.creation.icosphere(subdivisions=2).apply_translation([10, 20, 30])]
    )
    both.export(tmp_path / "a.ply")
    with caplog.at_level(logging.WARNING, "fieldlab"):
        cloud(path=str(tmp_path / "a.ply"), **HOW)
    assert "of its surface inside of it" in caplog.text


BAD = np.hstack(oriented(20))


@pytest.mark.parametrize(("name", "rows", "says"), [
    ("a.xyz", BAD[:5], "has 5 points; a surface needs at least 16"),
    ("a.npy", BAD[:0], "has 0 points"),
    ("a.npy", BAD[:, :2], "is 20 x 2; it needs 3 columns, or 6 with normals"),
    ("a.npy", np.where(np.arange(20)[:, None] == 3, np.nan, BAD), "1 of 20 points in .*a.npy are not finite"),
    ("a.ply", np.where(np.arange(20)[:, None] == 3, np.inf, BAD), "1 of 20 points in .*a.ply are not finite"),
    ("a.xyz", np.hstack([BAD[:, :3], np.where(np.arange(20)[:, None] < 2, 0, BAD[:, 3:])]), "2 of 20 normals in .*a.xyz are 0"),
])  # fmt: skip
def test_bad_points_are_named(tmp_path: Path, name: str, rows: np.ndarray, says: str):
    write(tmp_path / name, rows)
    with pytest.raises(InputError, match=f"signal.path: .*{says}"):
        cloud(path=str(tmp_path / name), **HOW)


@pytest.mark.parametrize(("name", "text", "says"), [
    ("a.txt", "1 2 3", r"should be a mesh or a cloud of points: \.ply, \.obj, \.off, \.stl, \.glb, \.xyz, \.npy"),
    ("a.obj", "v 0 0 0\nv 1 0 0\nv 0 1 0\n", "has no faces; save a cloud of points as .ply, .xyz or .npy"),
    ("a.obj", "", "a.obj"),
    ("a.obj", "v 0 0 0\nv 1 0 0\nv 2 0 0\nf 1 2 3\n", "have an area of 0"),
    ("a.obj", "v 0 0 nan\nv 1 0 0\nv 2 1 0\nf 1 2 3\n", "not finite"),
    ("a.obj", "v 0 0 0\nv 1 0 0\nv 2 1 0\nf 1 2 4\n", "is damaged, its faces have corners beyond its 3 vertices"),
    ("a.obj", "v 0 0 0\nv 1 0 0\nf 1 2\nf 1 1 2\n", "have an area of 0"),
    ("a.off", "OFF\n3 0 0\n0 0 0\n1 0 0\n0 1 0\n", "has no faces"),
    ("a.ply", "garbage", "is damaged, or no .ply"),
    ("a.npy", "garbage", "is damaged, or no .npy"),
    ("a.xyz", "a b c", "is damaged, or no .xyz"),
    ("a.stl", "garbage", "a.stl"),
])  # fmt: skip
def test_bad_files_are_named(tmp_path: Path, name: str, text: str, says: str):
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=f"signal.path: .*{says}"):
        cloud(path=str(tmp_path / name), **HOW)


def test_a_missing_file_is_named(tmp_path: Path):
    with pytest.raises(InputError, match=r"signal.path: there is no file"):
        cloud(path=str(tmp_path / "none.ply"), **HOW)


@pytest.mark.parametrize(
    ("how", "says"), [({"points": 3}, "points must be at least 16"), ({"fill": 1.5}, "fill must be")]
)
def test_bad_settings_are_named(tmp_path: Path, how: dict, says: str):
    ball().export(tmp_path / "ball.ply")
    with pytest.raises(ValueError, match=says):
        cloud(path=str(tmp_path / "ball.ply"), **{**HOW, **how})


def test_points_that_coincide_are_refused(tmp_path: Path):
    np.save(tmp_path / "dot.npy", np.hstack([np.ones((20, 3)), BAD[:, 3:]]))
    with pytest.raises(InputError, match=r"signal\.path: all points of .*dot\.npy coincide"):
        cloud(path=str(tmp_path / "dot.npy"), **HOW)
