"""Distances between surfaces that are known."""

import numpy as np
import pytest
import trimesh

from fieldlab.geometry.compare import chamfer, iou, make_point_surface, sample_mesh, signed_distance


def ball(radius: float) -> trimesh.Trimesh:
    return trimesh.creation.icosphere(subdivisions=4, radius=radius)


def test_chamfer_of_concentric_balls_is_the_difference_of_their_radii():
    distance, agreement = chamfer(sample_mesh(ball(0.4), 20_000), sample_mesh(ball(0.3), 20_000))
    assert distance == pytest.approx(0.1, rel=1e-3)
    assert agreement == pytest.approx(1, abs=1e-3)


def test_chamfer_of_a_surface_with_itself_is_nothing():
    distance, agreement = chamfer(sample_mesh(ball(0.4), 5000, seed=0), sample_mesh(ball(0.4), 5000, seed=1))
    assert distance < 1e-9
    assert agreement == pytest.approx(1, abs=1e-9)


def test_without_triangles_the_nearest_point_counts():
    here = make_point_surface(np.array([[0.0, 0, 0], [1, 0, 0]]), np.array([[0.0, 0, 1], [0, 0, 1]]))
    there = make_point_surface(np.array([[0.0, 0, 0.5], [1, 0, 0.25]]), np.array([[0.0, 0, -1], [0, 1, 0]]))
    distance, agreement = chamfer(here, there)
    assert distance == pytest.approx(0.375)
    assert agreement == pytest.approx(0.5)  # up to sign


def test_points_are_uniform_on_the_triangles():
    box = trimesh.creation.box((1, 2, 4))
    drawn = sample_mesh(box, 20_000)
    for axis, area in zip(range(3), (16, 8, 4), strict=True):
        share = (np.abs(drawn.normals[:, axis]) > 0.5).mean()
        assert share == pytest.approx(area / 28, abs=0.02)
    assert drawn.nearest(drawn.points)[0].max() < 1e-7


def test_iou_of_concentric_balls_is_the_ratio_of_their_volumes():
    x = np.random.default_rng(0).uniform(-0.5, 0.5, (40_000, 3))
    inside = [signed_distance(ball(radius))(x) < 0 for radius in (0.3, 0.4)]
    assert iou(*inside) == pytest.approx(0.75**3, abs=0.02)
    assert iou(inside[0], inside[0]) == 1


def test_signed_distance_is_negative_inside():
    x = np.array([[0, 0, 0], [0.5, 0, 0], [0, 0.35, 0]])
    np.testing.assert_allclose(signed_distance(ball(0.4))(x), [-0.4, 0.1, -0.05], atol=2e-3)


def test_signed_distance_to_a_box_is_that_of_its_formula():
    """max(|x| - half, 0) outside, and the largest of |x| - half inside."""
    half = np.array([0.2, 0.3, 0.4])
    x = np.random.default_rng(0).uniform(-0.5, 0.5, (5000, 3))
    beyond = np.abs(x) - half
    expected = np.linalg.norm(beyond.clip(min=0), axis=1) + beyond.max(1).clip(max=0)
    assert (expected < 0).mean() > 0.1
    distance = signed_distance(trimesh.creation.box(2 * half).subdivide().subdivide())
    np.testing.assert_allclose(distance(x), expected, atol=1e-12)
