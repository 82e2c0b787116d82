"""Surfaces from functions: the same as on a dense grid, closed, and from few evaluations."""

import numpy as np
import pytest
import torch
from scipy.spatial import KDTree
from skimage.measure import marching_cubes

from fieldlab.geometry import extract as module
from fieldlab.geometry.extract import extract


def sphere(x: torch.Tensor) -> torch.Tensor:
    return (x - torch.tensor([0.5031, 0.4972, 0.5113])).norm(dim=-1) - 0.3  # off the nodes of every grid


def torus(x: torch.Tensor) -> torch.Tensor:
    y = x - torch.tensor([0.5013, 0.4817, 0.5319])
    return ((y[:, :2].norm(dim=-1) - 0.3).square() + y[:, 2].square()).sqrt() - 0.1


def two_balls(x: torch.Tensor) -> torch.Tensor:
    one, other = ((x - torch.tensor(c)).norm(dim=-1) for c in ([0.203, 0.202, 0.2011], [0.8, 0.753, 0.8021]))
    return torch.minimum(one - 0.15, other - 0.1)


@pytest.mark.parametrize("function", [sphere, torus, two_balls])
@pytest.mark.parametrize("resolution", [32, 50, 97])
@pytest.mark.parametrize("slab", [2**24, 1])
def test_it_is_the_surface_of_the_dense_grid(function, resolution: int, slab: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "NODES_AT_ONCE", slab)  # 1: slabs of a single layer of cubes
    surface = extract(function, resolution)
    axis = torch.arange(resolution + 1) / resolution
    values = function(torch.cartesian_prod(axis, axis, axis)).view((resolution + 1,) * 3).numpy()
    vertices, faces, *_ = marching_cubes(values, level=0.0)
    assert len(surface.vertices) == len(vertices)
    assert len(surface.faces) == len(faces)
    assert KDTree(surface.vertices).query(vertices / resolution)[0].max() < 1e-5
    assert surface.is_watertight
    assert surface.volume > 0


def test_area_and_volume_of_a_ball():
    surface = extract(sphere, 64)
    assert surface.volume == pytest.approx(4 / 3 * np.pi * 0.3**3, rel=2e-3)
    assert surface.area == pytest.approx(4 * np.pi * 0.3**2, rel=2e-3)


def test_only_where_the_surface_passes():
    seen = 0

    def counted(x: torch.Tensor) -> torch.Tensor:
        nonlocal seen
        seen += len(x)
        return sphere(x)

    extract(counted, 256)
    assert seen < 0.12 * 257**3


def test_a_steep_function_is_searched_more_widely():
    surface = extract(lambda x: 20 * sphere(x), 64)
    assert surface.is_watertight
    assert surface.volume == pytest.approx(4 / 3 * np.pi * 0.3**3, rel=2e-3)


def test_an_open_surface_ends_at_the_cube():
    plane = extract(lambda x: x[:, 2] - 0.3, 32)
    assert plane.area == pytest.approx(1, rel=1e-5)
    np.testing.assert_allclose(plane.vertices[:, 2], 0.3, atol=1e-6)
    assert (plane.face_normals[:, 2] > 0.99).all()


def test_no_surface_no_triangles():
    assert len(extract(lambda x: sphere(x) + 1, 32).faces) == 0
    assert len(extract(lambda x: sphere(x) - 9, 32).faces) == 0


def test_a_resolution_that_is_too_small():
    with pytest.raises(ValueError, match="at least 8"):
        extract(sphere, 7)


def box(x: torch.Tensor) -> torch.Tensor:
    return (x - 0.5).abs().amax(-1) - 0.25  # its faces lie on nodes


def centred(x: torch.Tensor) -> torch.Tensor:
    return (x - 0.5).norm(dim=-1) - 0.25


def coarse(x: torch.Tensor) -> torch.Tensor:
    return (sphere(x) * 2**12).round() / 2**12  # 0 at many nodes


@pytest.mark.parametrize("function", [box, centred, coarse])
@pytest.mark.parametrize("slab", [2**24, 1])
def test_nodes_on_the_surface_leave_no_holes(function, slab: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "NODES_AT_ONCE", slab)
    surface = extract(function, 64)
    assert surface.is_watertight
    assert surface.volume == pytest.approx({box: 0.125, centred: 0.0654, coarse: 0.1131}[function], rel=0.01)


def test_a_gap_between_slabs_is_no_seam(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "NODES_AT_ONCE", 1)
    balls = [(0.2, 0.1), (0.8, 0.1)]
    surface = extract(
        lambda x: torch.stack([(x - torch.tensor([c, 0.5, 0.5])).norm(dim=-1) - r for c, r in balls]).amin(0), 64
    )
    assert surface.is_watertight
    assert surface.body_count == 2
