"""What lies between vertices: torch's grid_sample, and slopes that are exact."""

import pytest
import torch
from torch.nn.functional import grid_sample

from fieldlab.encodings.lattice import Interpolation, interpolate


@pytest.mark.parametrize("corners", [True, False])
@pytest.mark.parametrize(("dim", "interpolation"), [(2, "linear"), (3, "linear"), (2, "cubic"), (2, "nearest")])
def test_it_is_torchs(dim: int, interpolation: Interpolation, corners: bool):
    sides = [5, 7, 4][:dim]
    values = torch.randn(3, *sides, dtype=torch.float64)
    x = torch.rand(200, dim, dtype=torch.float64)
    places = (2 * x - 1).flip(-1).view(1, *[1] * (dim - 1), 200, dim)  # torch names the last axis first
    mode = {"linear": "bilinear", "cubic": "bicubic", "nearest": "nearest"}[interpolation]
    [expected] = grid_sample(values[None], places, mode=mode, padding_mode="border", align_corners=corners)
    found = interpolate(values.flatten(1), sides, x, interpolation, corners=corners)
    inside = slice(None)
    if interpolation == "cubic" and not corners:  # torch goes on beyond the outermost vertices with the polynomial
        inside = ((x * torch.tensor(sides) > 0.5) & (x * torch.tensor(sides) < torch.tensor(sides) - 0.5)).all(-1)
    torch.testing.assert_close(found[inside], expected.flatten(1).T[inside])


def test_at_a_vertex_is_what_it_carries():
    values = torch.randn(1, 6 * 6)
    vertices = torch.cartesian_prod(torch.arange(6.0), torch.arange(6.0)) / 5
    for interpolation in ("nearest", "linear", "cubic"):
        found = interpolate(values, [6, 6], vertices, interpolation)
        torch.testing.assert_close(found.T, values, atol=1e-5, rtol=1e-4)


def test_derivatives_are_those_of_the_kernel():
    """Slopes of straight values are exact, at the last vertex too; a cubic one has second derivatives."""
    line = torch.arange(9.0, dtype=torch.float64)[None] / 8
    x = torch.tensor([[0.0], [0.31], [1.0]], dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(interpolate(line, [9], x, "linear").sum(), x)
    torch.testing.assert_close(slope, torch.ones_like(slope))
    assert torch.autograd.gradgradcheck(
        lambda x: interpolate(line.square(), [9], x, "cubic"), x[1:2].detach().requires_grad_()
    )


def test_a_single_vertex_is_everywhere():
    assert interpolate(torch.tensor([[3.0]]), [1], torch.rand(4, 1), "linear").flatten().tolist() == [3.0] * 4
