"""The torus knot's distance against brute force, and what makes it exact."""

import numpy as np
import pytest
from scipy.spatial import KDTree

from fieldlab.geometry.knot import TorusKnot

TREFOIL = TorusKnot(2, 3, 0.5)


def around(count: int) -> np.ndarray:
    return np.random.default_rng(0).uniform(-3.5, 3.5, (count, 3))


@pytest.mark.parametrize("knot", [TREFOIL, TorusKnot(3, 2, 0.3), TorusKnot(1, 1, 0.4)], ids=["2,3", "3,2", "1,1"])
def test_distance_is_that_to_the_nearest_of_very_many_points(knot: TorusKnot):
    x = around(500)
    curve = knot.curve(np.linspace(0, 2 * np.pi, 200_001)[:-1])[0]
    np.testing.assert_allclose(knot.distance(x), KDTree(curve).query(x)[0] - knot.tube, atol=1e-6)


def test_its_slope_has_length_one():
    x, step = around(500), 1e-5
    slope = [
        (TREFOIL.distance(x + step * axis) - TREFOIL.distance(x - step * axis)) / (2 * step) for axis in np.eye(3)
    ]
    lengths = np.linalg.norm(slope, axis=0)
    assert np.median(np.abs(lengths - 1)) < 1e-8
    assert (np.abs(lengths - 1) < 1e-4).mean() > 0.99  # not where two parts of the knot are equally near


def test_derivatives_of_the_curve_are_its_slopes():
    t, step = np.linspace(0, 6, 50), 1e-5
    ahead, behind = TREFOIL.curve(t + step), TREFOIL.curve(t - step)
    _, first, second = TREFOIL.curve(t)
    np.testing.assert_allclose((ahead[0] - behind[0]) / (2 * step), first, atol=1e-7)
    np.testing.assert_allclose((ahead[1] - behind[1]) / (2 * step), second, atol=1e-6)


def test_the_mesh_lies_on_it_and_faces_outwards():
    mesh = TREFOIL.mesh
    assert mesh.is_watertight
    assert mesh.volume > 0
    np.testing.assert_allclose(TREFOIL.distance(mesh.vertices), 0, atol=1e-9)
    speed = np.linalg.norm(TREFOIL.curve(np.linspace(0, 2 * np.pi, 10_001)[:-1])[1], axis=1).mean()
    assert mesh.volume == pytest.approx(np.pi * 0.5**2 * speed * 2 * np.pi, rel=5e-3)  # Pappus


def test_projected_points_are_on_it_with_their_normals():
    x, normals = TREFOIL.project(around(300))
    np.testing.assert_allclose(TREFOIL.distance(x), 0, atol=1e-6)
    np.testing.assert_allclose(TREFOIL.distance(x + 0.1 * normals), 0.1, atol=1e-5)


@pytest.mark.parametrize(("p", "q", "tube", "says"), [
    (2, 4, 0.3, "without a common divisor"), (0, 1, 0.3, "must be positive"), (2, 3, 0.9, "touches itself"), (2, 3, 0.0, "tube must"),
])  # fmt: skip
def test_what_is_no_such_knot_is_refused(p: int, q: int, tube: float, says: str):
    with pytest.raises(ValueError, match=says):
        TorusKnot(p, q, tube)
