"""Planes, lines and dictionaries: the sums of products that they are, and settings that there cannot be."""

from typing import Any

import pytest
import torch

from fieldlab.encodings.dictionary import Dictionary, make_cosines
from fieldlab.encodings.ga_planes import GaPlanes
from fieldlab.encodings.lattice import interpolate
from fieldlab.encodings.tri_plane import TriPlane


def test_lines_and_planes_in_2d():
    planes = GaPlanes(2, width=4, line=9, plane=5, volume=3)
    x = torch.rand(20, 2)
    lines = [interpolate(planes.lines[i], [9], x[:, i : i + 1], "linear") for i in (0, 1)]
    expected = lines[0] * lines[1] + interpolate(planes.planes[0], [5, 5], x, "linear")
    torch.testing.assert_close(planes(x), expected)


def test_lines_planes_and_a_volume_in_3d():
    planes = GaPlanes(3, width=4, line=9, plane=5, volume=3)
    x = torch.rand(20, 3)
    e = [interpolate(planes.lines[i], [9], x[:, i : i + 1], "linear") for i in range(3)]
    pairs = {(0, 1): 2, (0, 2): 1, (1, 2): 0}  # the axes of a plane, and the one that is left
    across = [
        interpolate(plane, [5, 5], x[:, list(axes)], "linear") * e[left]
        for plane, (axes, left) in zip(planes.planes, pairs.items(), strict=True)
    ]
    assert planes.cube is not None
    expected = e[0] * e[1] * e[2] + sum(across) + interpolate(planes.cube, [3] * 3, x, "linear")
    torch.testing.assert_close(planes(x), expected)


def test_a_product_of_lines_is_learned_exactly():
    """x y is of rank one: lines that are x and y, and planes of 0."""
    planes = GaPlanes(2, width=1, line=5, plane=2, volume=2)
    with torch.no_grad():
        planes.lines.copy_(torch.linspace(0, 1, 5).expand(2, 1, 5))
        planes.planes.zero_()
    x = torch.rand(30, 2)
    torch.testing.assert_close(planes(x), x.prod(-1, keepdim=True))


def test_tri_planes_add_up_over_pairs_of_axes():
    planes = TriPlane(3, width=2, vertices=6, interpolation="cubic", init_std=0.5)
    x = torch.rand(20, 3)
    expected = sum(
        interpolate(planes.planes[i], [6, 6], x[:, axes], "cubic") for i, axes in enumerate([[0, 1], [0, 2], [1, 2]])
    )
    torch.testing.assert_close(planes(x), expected)


def make(**settings: Any) -> Dictionary:
    small = {"widths": [4, 2], "vertices": [8, 12], "samples": 24, "coefficients": 3, "interpolation": "linear"}
    return Dictionary(2, **(small | {"init": 1e-3} | settings))


def test_bases_repeat_and_coefficients_multiply():
    dictionary = make(init=2.0)
    x = 0.9 * torch.rand(20, 2) / 3
    features = dictionary(x)
    torch.testing.assert_close(features[:, :4], dictionary(x + 1 / 3)[:, :4], atol=1e-5, rtol=1e-4)  # 24 / 8 times
    torch.testing.assert_close(features[:, 4:], dictionary(x + 1 / 2)[:, 4:], atol=1e-5, rtol=1e-4)  # 24 / 12 times
    first = interpolate(dictionary.bases[0], [8, 8], (3 * x) % 1, "linear")
    torch.testing.assert_close(features[:, :4], 2 * first, atol=1e-5, rtol=1e-4)


def test_bases_begin_as_cosines_of_norm_one():
    basis = make_cosines(4, 8, 2)
    torch.testing.assert_close(basis.norm(dim=1), torch.ones(4))
    torch.testing.assert_close(basis[0], torch.full((64,), 1 / 8))  # the constant comes first
    assert basis[1:].sum(1).abs().max() < 1e-5


@pytest.mark.parametrize(
    "make",
    [
        lambda: GaPlanes(1, width=4, line=9, plane=5, volume=3),
        lambda: GaPlanes(2, width=4, line=1, plane=5, volume=3),
        lambda: TriPlane(1, width=4, vertices=9, interpolation="linear", init_std=1.0),
        lambda: TriPlane(2, width=0, vertices=9, interpolation="linear", init_std=1.0),
        lambda: TriPlane(2, width=1, vertices=9, interpolation="linear", init_std=0.0),
        lambda: make(widths=[4]),
        lambda: make(vertices=[1, 8]),
    ],
)
def test_what_there_cannot_be_is_an_error(make: Any):
    with pytest.raises(ValueError, match=r"defined for 2 or 3|at least|positive|of one length"):
        make()
