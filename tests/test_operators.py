"""Operators against calculus, finite differences and each other."""

import math
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import fieldlab
from fieldlab.field import Ensemble, Field, build_field, draw
from fieldlab.operators import divergence, gradient, hessian, jacobian, laplacian, slope_error, value
from fieldlab.tasks.field_check import perturb

COMPOSED = ["positional", "gaussian", "siren", "fourier_basic", "fourier_positional", "gaussian_octaves"]


def points(dim: int, *, count: int = 32, members: int | None = None) -> Tensor:
    shape = (count, dim) if members is None else (members, count, dim)
    return torch.rand(shape, dtype=torch.float64)


def make(preset: str, *, dim: int = 2, channels: int = 1, seed: int = 0) -> Field:
    config = fieldlab.compose(f"field={preset}", "field.network.width=16").field
    return draw(lambda: build_field(config, dim=dim, channels=channels), seed).double()


def wave(x: Tensor) -> Tensor:
    """[sin 2 x_0 x_1, exp x_0] in two dimensions."""
    a, b = x.unbind(-1)
    return torch.stack([torch.sin(2 * a * b), a.exp()], dim=-1)


def test_known_derivatives():
    x = points(2)
    a, b = x.unbind(-1)
    s, c = torch.sin(2 * a * b), torch.cos(2 * a * b)
    zero = torch.zeros_like(a)
    torch.testing.assert_close(value(wave, x), torch.stack([s, a.exp()], -1))
    first = torch.stack([torch.stack([2 * b * c, 2 * a * c], -1), torch.stack([a.exp(), zero], -1)], -2)
    torch.testing.assert_close(gradient(wave, x), first)
    torch.testing.assert_close(jacobian(wave, x), first)
    mixed = 2 * c - 4 * a * b * s
    upper = torch.stack([torch.stack([-4 * b**2 * s, mixed], -1), torch.stack([mixed, -4 * a**2 * s], -1)], -2)
    torch.testing.assert_close(hessian(wave, x)[:, 0], upper)
    torch.testing.assert_close(laplacian(wave, x), torch.stack([-4 * (a**2 + b**2) * s, a.exp()], -1))
    torch.testing.assert_close(divergence(wave, x), 2 * b * c)


@pytest.mark.parametrize("dim", [1, 2, 3])
@pytest.mark.parametrize("channels", [1, 3, 8])
def test_any_dimension_and_channel_count(dim: int, channels: int):
    """x -> |x|^4 times each channel's number: both modes, whichever is chosen, agree with calculus."""
    factors = torch.arange(1.0, channels + 1, dtype=torch.float64)
    x = points(dim)
    square = x.square().sum(-1, keepdim=True)

    def quartic(x: Tensor) -> Tensor:
        return factors * x.square().sum(-1, keepdim=True).square()

    torch.testing.assert_close(gradient(quartic, x), (4 * square * x)[:, None] * factors[:, None])
    torch.testing.assert_close(laplacian(quartic, x), (4 * dim + 8) * square * factors)
    outer = 8 * x[:, :, None] * x[:, None] + 4 * square[..., None] * torch.eye(dim)
    torch.testing.assert_close(hessian(quartic, x), outer[:, None] * factors[:, None, None])


def test_third_derivatives_by_nesting():
    x = points(2)

    def cubic(x: Tensor) -> Tensor:
        return (x[..., :1] ** 3) * x[..., 1:]

    a, b = x.unbind(-1)
    torch.testing.assert_close(gradient(partial(laplacian, cubic), x)[:, 0], torch.stack([6 * b, 6 * a], dim=-1))
    torch.testing.assert_close(laplacian(partial(laplacian, cubic), x), torch.zeros(32, 1, dtype=torch.float64))
    torch.testing.assert_close(divergence(partial(gradient, cubic), x), laplacian(cubic, x))


def test_a_divergence_needs_a_component_for_each_axis():
    with pytest.raises(ValueError, match=r"a component for each of 2 axes, not \[1\]"):
        divergence(lambda x: x[..., :1], points(2))


@pytest.mark.parametrize(
    "preset", ["relu", "positional", "gaussian", "siren", "softplus", "tanh", "cppn", "hash_grid", "dense_grid"]
)
@pytest.mark.parametrize("channels", [1, 3])
def test_every_field_has_the_slope_it_claims(preset: str, channels: int):
    """Central differences."""
    field = perturb(make(preset, channels=channels))
    assert gradient(field, points(2)).abs().max() > 1e-3
    assert slope_error(field, points(2)) < 1e-5


@pytest.mark.parametrize("preset", COMPOSED)
def test_second_derivatives_are_slopes_of_the_first(preset: str):
    """Behind a smooth encoding ReLU has them too, between its kinks."""
    field = make(preset)
    assert slope_error(partial(gradient, field), points(2)) < 1e-5
    x = points(2, count=8)
    torch.testing.assert_close(laplacian(field, x), hessian(field, x).diagonal(dim1=-2, dim2=-1).sum(-1))


def test_a_detached_factor_is_caught():
    """As in FINER, whose published layer detaches the factor |z| + 1."""

    class Detached(nn.Module):
        def forward(self, z: Tensor) -> Tensor:
            return torch.sin(((z.abs() + 1).detach()) * z)

    class Attached(nn.Module):
        def forward(self, z: Tensor) -> Tensor:
            return torch.sin((z.abs() + 1) * z)

    assert slope_error(Detached(), points(1)) > 0.1
    assert slope_error(Attached(), points(1)) < 1e-6


@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.parametrize("channels", [1, 3])
def test_an_ensemble_is_differentiated_member_by_member(members: int, channels: int):
    fields = [make("siren", channels=channels, seed=seed) for seed in range(members)]
    ensemble, x = Ensemble(fields), points(2, members=members)
    for operator in (gradient, hessian, laplacian):
        alone = torch.stack([operator(field, x[m]) for m, field in enumerate(fields)])
        torch.testing.assert_close(operator(ensemble, x), alone)


@pytest.mark.parametrize("operator", [gradient, laplacian])
@pytest.mark.parametrize("channels", [1, 3])
def test_parameters_learn_through_operators(operator, channels: int):
    """The parameters' gradient of a loss on derivatives is that of autograd's double backward."""
    field, x = make("siren", channels=channels), points(2)
    operator(field, x).square().mean().backward()
    ours = [p.grad.clone() if p.grad is not None else torch.zeros_like(p) for p in field.parameters()]
    field.zero_grad()
    y = field(x.requires_grad_())
    total = torch.zeros((), dtype=torch.float64)
    for channel in y.unbind(-1):
        [first] = torch.autograd.grad(channel.sum(), x, create_graph=True)
        if operator is gradient:
            total = total + first.square().sum()
        else:
            second = [torch.autograd.grad(first[:, j].sum(), x, create_graph=True)[0][:, j] for j in (0, 1)]
            total = total + (second[0] + second[1]).square().sum()
    (total / (total.numel() * operator(field, x.detach()).numel())).backward()
    for mine, parameter in zip(ours, field.parameters(), strict=True):
        reference = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
        torch.testing.assert_close(mine, reference)


COMPILED = """
import torch
import fieldlab
from fieldlab import operators
from fieldlab.field import Ensemble, build_field, draw

config = fieldlab.compose("field=siren", "field.network.width=16").field
every = (operators.gradient, operators.hessian, operators.laplacian)
cases = [(2, 1, every), (2, 3, every), (1, 2, (operators.laplacian,)), (2, 5, (operators.laplacian,)), (3, 1, (operators.hessian,))]
for dim, channels, wanted in cases:
    torch.compiler.reset()
    make = lambda: build_field(config, dim=dim, channels=channels)
    ensemble = Ensemble([draw(make, seed).double() for seed in range(2)])
    x = torch.rand(2, 32, dim, dtype=torch.float64)
    for operator in wanted:
        seen = []
        loss = lambda x: operator(ensemble, x).square().mean()
        for function in (loss, torch.compile(loss, dynamic=False, fullgraph=True)):
            ensemble.zero_grad(set_to_none=True)
            function(x).backward()
            seen.append(torch.cat([p.grad.flatten() for p in ensemble.parameters() if p.grad is not None]))
        torch.testing.assert_close(*seen)
"""


@pytest.mark.slow
def test_compiled_is_the_same(clean_folder: Path):
    """In a process of its own: shapes are not checked inside a compiled graph."""
    done = subprocess.run([sys.executable, "-c", COMPILED], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_units_are_those_of_the_unit_cube():
    """A field that was published on [-1, 1] has the slope of its canonical values along canonical axes."""
    field = Field(nn.Identity(), nn.Identity(), nn.Identity(), coordinates=(-1.0, 1.0), values=(-1.0, 1.0))
    torch.testing.assert_close(gradient(field, points(1)), torch.ones(32, 1, 1, dtype=torch.float64))
    assert math.isclose(field(torch.tensor([[0.25]])).item(), 0.25)
