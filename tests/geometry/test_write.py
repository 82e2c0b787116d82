"""Files keep what they are given: vertices to the last digit where the format has room for it."""

import logging
from pathlib import Path

import numpy as np
import pytest
import trimesh
from trimesh import Trimesh

from fieldlab.geometry.polygons import Polygons
from fieldlab.geometry.read import READERS
from fieldlab.geometry.write import write_mesh

FAR = np.array([5e5, 5e6, 100])


def ball(scale: float, centre: np.ndarray) -> Trimesh:
    mesh = trimesh.creation.icosphere(subdivisions=2)
    return Trimesh(mesh.vertices * scale + centre, mesh.faces, process=False)


def written(mesh: Trimesh, file: Path) -> np.ndarray:
    """The triangles of a mesh that was written and read again."""
    write_mesh(mesh, file)
    found = READERS[file.suffix](file)
    assert isinstance(found, Polygons)
    return found.vertices[found.triangles()[0]]


@pytest.mark.parametrize("kind", ["ply", "obj", "off"])
@pytest.mark.parametrize("mesh", [ball(1, FAR), ball(1e-6, FAR * 0), ball(1e9, FAR)], ids=["far", "tiny", "huge"])
def test_doubles_are_kept(tmp_path: Path, kind: str, mesh: Trimesh, caplog: pytest.LogCaptureFixture):
    np.testing.assert_array_equal(written(mesh, tmp_path / f"a.{kind}"), mesh.triangles)
    assert not caplog.records


@pytest.mark.parametrize("mesh", [ball(1, FAR), ball(1e-6, FAR * 0), ball(1e9, FAR)], ids=["far", "tiny", "huge"])
def test_glb_is_in_single_precision_about_its_middle(tmp_path: Path, mesh: Trimesh, caplog: pytest.LogCaptureFixture):
    size = mesh.extents.max()
    np.testing.assert_allclose(written(mesh, tmp_path / "a.glb"), mesh.triangles, rtol=1e-15, atol=1e-7 * size)
    assert not caplog.records


def test_stl_has_a_word_where_single_precision_moves_vertices(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    near = ball(1, FAR * 0)
    np.testing.assert_allclose(written(near, tmp_path / "a.stl"), near.triangles, atol=1e-7)
    assert not caplog.records
    far = ball(1, FAR)
    with caplog.at_level(logging.WARNING, "fieldlab"):
        moved = np.abs(written(far, tmp_path / "a.stl") - far.triangles).max()
    assert f"has vertices up to {moved:.2g} from where they are" in caplog.text
    assert moved > 0.1


@pytest.mark.parametrize("kind", ["ply", "obj", "off", "glb", "stl"])
def test_others_read_them(tmp_path: Path, kind: str):
    write_mesh(ball(2, np.array([1.0, 2, 3])), tmp_path / f"a.{kind.upper()}")
    mesh = trimesh.load_scene(tmp_path / f"a.{kind.upper()}").to_mesh()
    assert mesh.is_watertight
    assert mesh.volume == pytest.approx(ball(2, FAR * 0).volume, rel=1e-6)
    np.testing.assert_allclose(mesh.bounds.mean(0), [1, 2, 3], atol=1e-6)


def test_other_formats_are_refused(tmp_path: Path):
    with pytest.raises(ValueError, match="no such format"):
        write_mesh(ball(1, FAR), tmp_path / "a.dae")
