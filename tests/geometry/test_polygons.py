"""Polygons cut into triangles: areas, corners and directions that are known."""

import numpy as np
import pytest

from fieldlab.geometry.polygons import Polygons

L = [(0, 0), (2, 0), (2, 1), (1, 1), (1, 2), (0, 2)]  # area 3, concave at the fourth corner
MIDPOINTS = [(0, 0), (1, 0), (2, 0), (2, 1), (2, 2), (1, 2), (0, 2), (0, 1)]  # a square, area 4
DART = [(0, 0), (2, 1), (0, 2), (1, 1)]  # area 1
COMB = [(0, 0), (5, 0), (5, 2), (4, 2), (4, 1), (3, 1), (3, 2), (2, 2), (2, 1), (1, 1), (1, 2), (0, 2)]  # area 8
KEYHOLE = [(0, 0), (4, 0), (4, 4), (0, 4), (0, 0), (1, 1), (1, 3), (3, 3), (3, 1), (1, 1)]  # a square with a hole: 12
HOURGLASS = [(0, 0), (1, 1), (1, 0), (0, 1)]


def cut(*polygons: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """The triangles of polygons, the double vector area of each, and how many polygons cross themselves."""
    sizes = [len(polygon) for polygon in polygons]
    faces = np.split(np.arange(sum(sizes)), np.cumsum(sizes)[:-1])
    vertices = np.concatenate(polygons)
    triangles, crossed = Polygons.of_lists(vertices, [face.tolist() for face in faces]).triangles()
    a, b, c = vertices[triangles.T]
    return triangles, np.cross(b - a, c - a), crossed


def in_space(polygon: list[tuple[int, int]], first: int = 0) -> np.ndarray:
    """A polygon in a plane that no axis lies in, beginning at another corner."""
    across, along = np.array([[2.0, -1, 2], [2, 2, -1]]) / 3
    u, v = np.roll(np.array(polygon, dtype=float), -first, axis=0).T
    return u[:, None] * across + v[:, None] * along + [5, 6, 7]


@pytest.mark.parametrize(
    ("polygon", "area"), [(L, 3), (MIDPOINTS, 4), (DART, 1), (COMB, 8), (KEYHOLE, 12)],
    ids=["L", "midpoints", "dart", "comb", "keyhole"],
)  # fmt: skip
def test_a_polygon_is_covered_once_whichever_corner_is_first(polygon: list, area: float):
    for first in range(len(polygon)):
        triangles, crosses, crossed = cut(in_space(polygon, first))
        assert crossed == 0
        assert len(triangles) == len(polygon) - 2
        np.testing.assert_allclose(crosses.sum(0), 2 * area * np.array([-1, 2, 2]) / 3, atol=1e-9)
        assert np.linalg.norm(crosses, axis=1).sum() / 2 == pytest.approx(area)  # all turned alike


@pytest.mark.parametrize("polygon", [L, MIDPOINTS, COMB], ids=["L", "midpoints", "comb"])
def test_every_edge_stays_an_edge_and_every_triangle_has_an_area(polygon: list):
    """So that neighbours still meet where a corner lies in the middle of what looks like an edge."""
    triangles, crosses, _ = cut(in_space(polygon))
    edges = {(f[i], f[(i + 1) % 3]) for f in triangles.tolist() for i in range(3)}
    count = len(polygon)
    assert {(i, (i + 1) % count) for i in range(count)} <= edges
    assert np.linalg.norm(crosses, axis=1).min() > 0.1


def test_stars_of_many_corners_are_covered_once():
    random = np.random.default_rng(0)
    angle = np.sort(random.uniform(0, 2 * np.pi, 100))
    x, y = random.uniform(0.2, 1, 100) * np.array([np.cos(angle), np.sin(angle)])
    area = (x * np.roll(y, -1) - y * np.roll(x, -1)).sum() / 2
    _, crosses, crossed = cut(np.stack([x, y, 0 * x], -1))
    assert crossed == 0
    assert np.abs(crosses[:, 2]).sum() / 2 == pytest.approx(area)


def test_a_mixture_keeps_its_order():
    polygons = [in_space(L), in_space([(0, 0), (1, 0), (0, 1)]), in_space(DART), in_space(MIDPOINTS)]
    triangles, crosses, _ = cut(*polygons)
    owner = np.searchsorted([6, 9, 13], triangles.min(1), side="right")
    assert owner.tolist() == [0] * 4 + [1] + [2] * 2 + [3] * 6
    areas = np.bincount(owner, np.linalg.norm(crosses, axis=1) / 2)
    np.testing.assert_allclose(areas, [3, 0.5, 1, 4])


def test_what_crosses_itself_is_counted_and_lines_are_not():
    line = np.array([[0.0, 0, 0], [1, 1, 1], [2, 2, 2], [3, 3, 3]])
    assert cut(in_space(HOURGLASS), in_space(L), line)[2] == 1


def test_a_bent_quadrilateral_is_two_triangles_turned_alike():
    bent = np.array([[0.0, 0, 0], [1, 0, 0.3], [1, 1, 0], [0, 1, 0.3]])
    triangles, crosses, crossed = cut(bent)
    assert crossed == 0
    assert len(triangles) == 2
    assert (crosses[:, 2] > 0).all()


@pytest.mark.parametrize(
    ("corners", "says"), [([0, 1, 3], "beyond its 3 vertices"), ([0, 1, -1], "beyond its 3 vertices")]
)
def test_corners_that_are_no_vertices_are_named(corners: list[int], says: str):
    with pytest.raises(ValueError, match=says):
        Polygons.of_lists(np.eye(3), [corners]).triangles()
