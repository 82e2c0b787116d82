"""Clouds from files, and what is no cloud."""

import logging
from pathlib import Path

import numpy as np
import pytest
import torch
import trimesh

from fieldlab.errors import InputError
from fieldlab.shapes.compare import chamfer, sampled
from fieldlab.shapes.extract import extract
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


def test_an_open_mesh_has_no_inside(tmp_path: Path):
    mesh = ball()
    trimesh.Trimesh(mesh.vertices, mesh.faces[100:], process=False).export(tmp_path / "bowl.ply")
    found = cloud(path=str(tmp_path / "bowl.ply"), **HOW)
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
        scores.append(chamfer(sampled(surface, 5000), found.surface(5000))[0])
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


BAD = np.hstack(oriented(20))


@pytest.mark.parametrize(("name", "rows", "says"), [
    ("a.xyz", BAD[:5], "has 5 points; a surface needs at least 16"),
    ("a.npy", BAD[:0], "has 0 points"),
    ("a.npy", BAD[:, :4], "is 20 x 4; it needs 3 columns, or 6 with normals"),
    ("a.npy", np.where(np.arange(20)[:, None] == 3, np.nan, BAD), "1 of 20 points in .*a.npy are not finite"),
    ("a.ply", np.where(np.arange(20)[:, None] == 3, np.inf, BAD), "1 of 20 points in .*a.ply are not finite"),
    ("a.xyz", np.hstack([BAD[:, :3], np.where(np.arange(20)[:, None] < 2, 0, BAD[:, 3:])]), "2 of 20 normals in .*a.xyz are 0"),
])  # fmt: skip
def test_bad_points_are_named(tmp_path: Path, name: str, rows: np.ndarray, says: str):
    write(tmp_path / name, rows)
    with pytest.raises(InputError, match=f"signal.path: .*{says}"):
        cloud(path=str(tmp_path / name), **HOW)


@pytest.mark.parametrize(("name", "text", "says"), [
    ("a.txt", "1 2 3", r"should be a mesh or a cloud of points: \.ply, \.xyz, \.npy"),
    ("a.obj", "v 0 0 0\nv 1 0 0\nv 0 1 0\n", "has no faces; save a cloud of points as .ply, .xyz or .npy"),
    ("a.obj", "", "a.obj"),
    ("a.obj", "v 0 0 0\nv 1 0 0\nv 2 0 0\nf 1 2 3\n", "have an area of 0"),
    ("a.obj", "v 0 0 nan\nv 1 0 0\nv 2 1 0\nf 1 2 3\n", "not finite"),
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
    with pytest.raises(ValueError, match="all points of dot coincide"):
        cloud(path=str(tmp_path / "dot.npy"), **HOW)
