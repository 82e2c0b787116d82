"""What files' triangles have too many of, or turned the wrong way: volumes and insides stay those that are known."""

import numpy as np
import pytest
from trimesh import Trimesh
from trimesh.creation import box, icosphere
from trimesh.util import concatenate

from fieldlab.geometry.compare import sample_mesh, signed_distance, winding_number
from fieldlab.geometry.repair import RepairedMesh, repair, share_inside


def block(low: tuple[float, ...] = (0.2, 0.2, 0.2), high: tuple[float, ...] = (0.8, 0.8, 0.8)) -> Trimesh:
    return box(bounds=[low, high])


def repaired(*bodies: Trimesh) -> RepairedMesh:
    together = concatenate(list(bodies))
    return repair(np.asarray(together.vertices), np.asarray(together.faces))


def inverted(mesh: Trimesh) -> Trimesh:
    return Trimesh(mesh.vertices, mesh.faces[:, ::-1], process=False)


def inside(mesh: Trimesh, *places: tuple[float, ...]) -> list[bool]:
    return (winding_number(mesh)(np.array(places)) > 0.5).tolist()


def test_a_sound_mesh_stays_as_it_is():
    mesh, solid, remarks = repaired(block())
    assert solid
    assert remarks == []
    np.testing.assert_array_equal(mesh.triangles, block().triangles)


def test_corners_of_triangles_that_share_none_are_merged():
    soup = block()
    mesh, solid, _ = repair(np.asarray(soup.triangles).reshape(-1, 3), np.arange(36).reshape(-1, 3))
    assert solid
    assert len(mesh.vertices) == 8


def test_triangles_without_area_are_left_out_and_counted():
    mesh = block()
    extra = [[0, 0, 1], [2, 2, 2], [0, 1, 8]]
    vertices = np.vstack([mesh.vertices, (mesh.vertices[0] + mesh.vertices[1]) / 2])
    found, solid, remarks = repair(vertices, np.vstack([mesh.faces, extra[:2]]))
    assert solid
    assert remarks == ["has 2 triangles without area; they are left out"]
    assert len(found.faces) == 12
    found, solid, remarks = repair(vertices, np.vstack([mesh.faces, extra]))
    assert not solid  # a flap; it has no area, but edges of its own
    assert len(found.faces) == 12


def test_a_seam_of_no_area_keeps_a_surface_closed():
    """Between a large triangle and two small ones that share its side, as they come from simplification."""
    mesh = block()
    a, b, c = mesh.faces[0]
    vertices = np.vstack([mesh.vertices, (mesh.vertices[a] + mesh.vertices[b]) / 2])
    faces = np.vstack([mesh.faces[1:], [[a, 8, c], [8, b, c], [a, b, 8]]])
    found, solid, remarks = repair(vertices, faces)
    assert solid
    assert remarks == ["has 1 triangles without area; they are left out"]
    assert found.volume == pytest.approx(0.216)
    x = np.random.default_rng(0).random((500, 3))
    np.testing.assert_allclose(signed_distance(found)(x), signed_distance(mesh)(x), atol=1e-12)


def test_triangles_that_are_there_twice_are_once():
    mesh = block()
    found, solid, remarks = repair(np.asarray(mesh.vertices), np.vstack([mesh.faces, mesh.faces[:3, [1, 2, 0]]]))
    assert solid
    assert len(found.faces) == 12
    assert remarks == ["has 3 triangles where others are; they are left out"]


def test_a_wall_between_two_bodies_is_no_surface():
    one = block((0.2, 0.2, 0.2), (0.5, 0.8, 0.8))
    two = one, inverted(Trimesh([1, 0, 0] + one.vertices * [-1, 1, 1], one.faces, process=False))
    found, solid, remarks = repaired(*two)
    assert solid
    assert found.area == pytest.approx(6 * 0.36)
    assert found.volume == pytest.approx(0.216)
    assert remarks == ["has 4 triangles where others are; they are left out"]


def test_both_sides_of_a_sheet_are_one_surface_without_inside():
    sheet = icosphere(2, radius=0.3)
    sheet = Trimesh(sheet.vertices + 0.5, sheet.faces[sheet.triangles_center[:, 2] > 0], process=False)
    found, solid, remarks = repaired(sheet, inverted(sheet))
    assert not solid
    assert found.area == pytest.approx(sheet.area)
    assert any("no inside" in remark for remark in remarks)


def test_both_sides_of_a_closed_surface_are_one():
    found, solid, _ = repaired(block(), inverted(block()))
    assert solid
    assert found.volume == pytest.approx(0.216)


def test_bodies_that_touch_in_an_edge_have_an_inside():
    two = (block((0.1, 0.1, 0.1), (0.5, 0.5, 0.9)), block((0.5, 0.5, 0.1), (0.9, 0.9, 0.9)))
    found, solid, remarks = repaired(*two)
    assert solid
    assert remarks == []
    assert inside(found, (0.3, 0.3, 0.5), (0.7, 0.7, 0.5), (0.3, 0.7, 0.5)) == [True, True, False]


def test_faces_turned_at_random_are_turned_alike():
    mesh = block()
    faces = np.where(np.arange(12)[:, None] % 3 == 0, mesh.faces[:, ::-1], mesh.faces)
    found, solid, remarks = repair(np.asarray(mesh.vertices), faces)
    assert solid
    assert found.volume == pytest.approx(0.216)
    assert remarks == ["has faces that look in different directions; they are turned alike"]


def test_an_open_surface_is_turned_alike_as_most_of_it_is():
    mesh = block()
    lid = np.flatnonzero(mesh.face_normals[:, 2] < 0.5)
    faces = mesh.faces[lid]
    faces[:3] = faces[:3, ::-1]
    found, solid, remarks = repair(np.asarray(mesh.vertices), faces)
    assert not solid
    np.testing.assert_allclose(found.face_normals, mesh.face_normals[lid], atol=1e-12)
    assert "is open along 4 edges" in remarks[-1]


def test_a_strip_with_a_twist_has_no_sides():
    """Moebius': whatever is turned, two neighbours disagree."""
    angle = np.arange(20) * 2 * np.pi / 20
    turns = angle / 2
    ring = np.stack([np.cos(angle), np.sin(angle), 0 * angle], -1)
    across = np.stack([np.cos(turns) * np.cos(angle), np.cos(turns) * np.sin(angle), np.sin(turns)], -1)
    vertices = np.concatenate([ring + 0.3 * across, ring - 0.3 * across]) / 4 + 0.5
    i = np.arange(20)
    j = (i + 1) % 20
    other = np.where(i == 19, 20, 0)
    faces = np.concatenate(
        [np.stack([i, j + other, i + 20], -1), np.stack([j + other, (j + 20 - other), i + 20], -1)]
    )
    found, solid, remarks = repair(vertices, faces)
    assert len(found.faces) == 40
    assert not solid
    assert not found.is_winding_consistent
    assert remarks[0] == "has faces that look in different directions; they cannot be turned alike"


def test_each_body_looks_outwards_and_hollows_stay():
    left, right = block((0.1, 0.1, 0.1), (0.4, 0.9, 0.9)), block((0.6, 0.1, 0.1), (0.9, 0.9, 0.9))
    hollow = block((0.2, 0.3, 0.3), (0.3, 0.7, 0.7))
    volume = 2 * 0.3 * 0.64 - 0.1 * 0.16
    places = (0.15, 0.5, 0.5), (0.25, 0.5, 0.5), (0.75, 0.5, 0.5)
    for bodies, remark in (
        ((left, inverted(hollow), right), []),
        ((left, inverted(hollow), inverted(right)), ["has 1 of its 3 bodies inside out; they are turned"]),
        ((inverted(left), hollow, inverted(right)), ["has its faces inside out; they are turned"]),
    ):
        found, solid, remarks = repaired(*bodies)
        assert solid
        assert remarks == remark
        assert found.volume == pytest.approx(volume)
        assert inside(found, *places) == [True, False, True]


def test_equal_bodies_of_which_one_is_inside_out_do_not_cancel():
    two = block((0.1, 0.1, 0.1), (0.4, 0.4, 0.4)), inverted(block((0.6, 0.6, 0.6), (0.9, 0.9, 0.9)))
    found, solid, _ = repaired(*two)
    assert solid
    assert found.volume == pytest.approx(2 * 0.027)


def test_what_encloses_nothing_has_no_inside():
    """Two triangles cut along one diagonal in front, and along the other behind."""
    square = np.array([[0.2, 0.2, 0.5], [0.8, 0.2, 0.5], [0.8, 0.8, 0.5], [0.2, 0.8, 0.5]])
    _, solid, remarks = repair(square, np.array([[0, 1, 2], [0, 2, 3], [1, 0, 3], [1, 3, 2]]))
    assert not solid
    assert "encloses nothing" in remarks[0]


def test_vertices_that_nothing_refers_to_are_dropped():
    mesh = block()
    vertices = np.vstack([mesh.vertices, [[np.nan] * 3, [1e9] * 3]])
    found, solid, remarks = repair(vertices, np.asarray(mesh.faces))
    assert solid
    assert remarks == []
    assert len(found.vertices) == 8


def test_surfaces_within_others_are_noticed():
    two = (block((0.1, 0.2, 0.2), (0.5, 0.8, 0.8)), block((0.3, 0.2001, 0.2001), (0.7, 0.7999, 0.7999)))
    found, solid, _ = repaired(*two)
    assert solid
    drawn = sample_mesh(found, 4000)
    within = 0.36 + 0.36 + 0.2 * 0.6 * 4  # an end of each, and half of the sides of the narrower one
    assert share_inside(found, drawn.points, drawn.normals) == pytest.approx(within / found.area, abs=0.03)
    alone = sample_mesh(block(), 4000)
    assert share_inside(block(), alone.points, alone.normals) == 0
