"""A signal's own derivatives, and images from gradients: against calculus."""

import math

import pytest
import torch
from torch import Tensor

from fieldlab.signals import poisson, stencils
from fieldlab.signals.formula import formula
from fieldlab.signals.grid import Grid


def sampled(alignment: str, size: tuple[int, int]) -> tuple[Grid, Tensor, Tensor]:
    signal = Grid("wave", torch.zeros(*size, 1), alignment)  # type: ignore[arg-type]
    a, b = signal.coordinates().double().unbind(-1)
    values = 0.5 + 0.3 * torch.sin(3 * a) * torch.cos(2 * b)
    slopes = torch.stack([0.9 * torch.cos(3 * a) * torch.cos(2 * b), -0.6 * torch.sin(3 * a) * torch.sin(2 * b)], -1)
    bend = -3.9 * torch.sin(3 * a) * torch.cos(2 * b)
    grid = Grid("wave", values.view(*size, 1).float(), alignment)  # type: ignore[arg-type]
    return grid, slopes.view(*size, 1, 2), bend.view(*size, 1)


@pytest.mark.parametrize("alignment", ["centers", "corners", "left"])
@pytest.mark.parametrize("stencil", ["central", "sobel"])
def test_they_are_in_canonical_units(alignment: str, stencil: stencils.Stencil):
    signal, slopes, bend = sampled(alignment, (120, 80))
    inside = (slice(2, -2), slice(2, -2))
    assert (stencils.gradient(signal, stencil) - slopes)[inside].abs().max() < 1e-3
    assert (stencils.gradient(signal, stencil) - slopes).abs().max() < 0.05  # one-sided at the border
    assert (stencils.laplacian(signal) - bend)[inside].abs().max() < 0.02
    assert (stencils.laplacian(signal) - bend).abs().max() < 0.3


def test_halving_the_distance_quarters_the_error():
    errors = []
    for n in (20, 40):
        signal, slopes, _ = sampled("centers", (n, n))
        errors.append((stencils.gradient(signal, "central") - slopes)[1:-1, 1:-1].abs().max().item())
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.15)


@pytest.mark.parametrize("stencil", ["central", "sobel"])
def test_a_plane_has_its_slope_everywhere(stencil: stencils.Stencil):
    x = Grid("flat", torch.zeros(9, 7, 1), "centers").coordinates()
    plane = Grid("plane", (x @ torch.tensor([0.5, 0.25])).view(9, 7, 1), "centers")
    torch.testing.assert_close(stencils.gradient(plane, stencil), torch.tensor([0.5, 0.25]).expand(9, 7, 1, 2))
    assert stencils.laplacian(plane).abs().max() < 1e-4


def test_a_sound_has_derivatives_too():
    t = Grid("t", torch.zeros(50, 1), "left").coordinates()
    sound = Grid("sound", t.square(), "left")
    torch.testing.assert_close(stencils.gradient(sound, "sobel")[1:-1, :, 0], 2 * t[1:-1], atol=1e-4, rtol=0)
    torch.testing.assert_close(stencils.laplacian(sound), torch.full((50, 1), 2.0), atol=5e-3, rtol=0)


def test_two_samples_have_no_second_derivative():
    with pytest.raises(ValueError, match="fewer than 3 samples"):
        stencils.laplacian(Grid("tiny", torch.zeros(2, 5, 1), "centers"))


def test_the_solver_inverts_exact_gradients():
    """A sum of cosines is in its basis: recovered to rounding, up to its mean."""
    x = Grid("x", torch.zeros(24, 16, 1), "centers").coordinates().double()
    a, b = (math.pi * x).unbind(-1)
    u = torch.stack([torch.cos(3 * a) * torch.cos(2 * b) + torch.cos(a), torch.cos(15 * b)], dim=-1)
    g = torch.zeros(24 * 16, 2, 2, dtype=torch.float64)
    g[:, 0, 0] = -math.pi * (3 * torch.sin(3 * a) * torch.cos(2 * b) + torch.sin(a))
    g[:, 0, 1] = -2 * math.pi * torch.cos(3 * a) * torch.sin(2 * b)
    g[:, 1, 1] = -15 * math.pi * torch.sin(15 * b)
    solved = poisson.solve(g.view(24, 16, 2, 2).float(), (1 / 24, 1 / 16))
    torch.testing.assert_close(solved.flatten(0, 1).double(), u, atol=1e-4, rtol=0)


def test_the_solver_is_least_squares():
    """Noise is not integrable: no other cosine series comes closer (the residual is orthogonal to all gradients)."""
    n = 8
    x = Grid("x", torch.zeros(n, n, 1), "centers").coordinates().double()
    g = torch.randn(n, n, 1, 2, generator=torch.Generator().manual_seed(0))
    columns = []
    for k in range(n):
        for q in range(n):
            if k + q:
                a, b = (math.pi * x).unbind(-1)
                columns.append(torch.cat([-math.pi * k * torch.sin(k * a) * torch.cos(q * b), -math.pi * q * torch.cos(k * a) * torch.sin(q * b)]))  # fmt: skip
    basis = torch.stack(columns, dim=1)
    wanted = torch.cat([g[..., 0, 0].flatten(), g[..., 0, 1].flatten()]).double()
    best = torch.linalg.lstsq(basis, wanted).solution
    values = torch.zeros(n * n, dtype=torch.float64)
    i = 0
    for k in range(n):
        for q in range(n):
            if k + q:
                a, b = (math.pi * x).unbind(-1)
                values += best[i] * torch.cos(k * a) * torch.cos(q * b)
                i += 1
    torch.testing.assert_close(poisson.solve(g, (1 / n, 1 / n)).flatten().double(), values, atol=1e-5, rtol=0)


def test_a_formula_is_sampled_where_it_says():
    signal = formula(name="f", formula="(1 + x0 * cos(2*pi*x1)) / 2", size=[5, 9], alignment="corners")
    a, b = signal.coordinates().unbind(-1)
    torch.testing.assert_close(signal.values.flatten(), (1 + a * torch.cos(2 * math.pi * b)) / 2)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sin(6*pi*x0)", r"its values should lie in \[0, 1\], but reach from -"),
        ("x2", "x2 is no coordinate"),
        ("x0 +", "no expression"),
    ],
)
def test_bad_formulas_are_refused(text: str, message: str):
    with pytest.raises(ValueError, match=message):
        formula(name="f", formula=text, size=[16, 16], alignment="corners")
