"""What must hold for every encoding, network and preset in conf/, those that are added later included."""

from functools import partial
from typing import Any

import pytest
import torch
from omegaconf import DictConfig

import fieldlab
from conftest import options
from fieldlab.errors import InputError
from fieldlab.field import Ensemble, Field, build_field, draw
from fieldlab.operators import gradient, hessian

QUICK = {  # one of each family; the others are slow
    "encoding": {"one_blob", "coarse_to_fine"},
    "network": {"siren", "wire"},
    "preset": {"gaussian", "grid", "gaussians", "sl2a"},
}
PARTS = [("encoding", part) for part in options("field/encoding")]
PARTS += [("network", part) for part in options("field/network")]
PARTS += [("preset", part) for part in options("field")]
REFUSALS = {  # by part and number of coordinates: what it says that it cannot do; any other refusal is a fault
    ("encoding", "ga_planes", 1): "defined for 2 or 3 coordinates",
    ("encoding", "tri_plane", 1): "planes need at least 2 coordinates",
    ("encoding", "spherical_harmonics", 1): "functions of directions in 3-D",
    ("encoding", "spherical_harmonics", 2): "functions of directions in 3-D",
    **{
        ("network", part, dim): "take field/encoding=identity"
        for part in ("grid", "grid_linear")
        for dim in (1, 2, 3)
    },
    **{("network", "gaussians", dim): "they read 2 coordinates" for dim in (1, 2, 3)},
    ("preset", "ga_planes", 1): "defined for 2 or 3 coordinates",
    ("preset", "tri_plane", 1): "planes need at least 2 coordinates",
    ("preset", "spherical_harmonics", 1): "functions of directions in 3-D",
    ("preset", "spherical_harmonics", 2): "functions of directions in 3-D",
    ("preset", "gaussians", 1): "they read 2 coordinates",
    ("preset", "gaussians", 3): "they read 2 coordinates",
}
DETACHED = {"finer", "finer_gauss", "finer_wire"}  # a factor without gradient: the gradient is not the slope
Part = tuple[str, str]


def marked(part: Part) -> Any:
    marks = () if part[1] in QUICK[part[0]] else (pytest.mark.slow,)
    return pytest.param(part, marks=marks, id="-".join(part))


@pytest.fixture(scope="module", params=map(marked, PARTS))
def part(request: pytest.FixtureRequest) -> Part:
    return request.param


@pytest.fixture(scope="module")
def config(part: Part) -> DictConfig:
    kind, name = part
    choices = {
        "encoding": ("field=relu", f"field/encoding={name}"),
        "network": ("field=positional", f"field/network={name}"),
    }
    return fieldlab.compose(*choices.get(kind, (f"field={name}",))).field


@pytest.fixture
def dim(part: Part) -> int:
    """How many coordinates it is tried with: 2, or the first number of them that it does not refuse."""
    able = [dim for dim in (2, 3, 1) if (*part, dim) not in REFUSALS]
    if not able:
        pytest.skip("refuses what it stands behind here")
    return able[0]


@pytest.fixture
def field(config: DictConfig, dim: int) -> Field:
    return draw(lambda: build_field(config, dim=dim, channels=3), seed=0)


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_takes_any_dimension_or_says_why_not(config: DictConfig, part: Part, dim: int):
    if reason := REFUSALS.get((*part, dim)):
        with pytest.raises(InputError, match=reason):
            build_field(config, dim=dim, channels=2)
    else:
        assert build_field(config, dim=dim, channels=2)(torch.rand(6, dim)).shape == (6, 2)


def test_acts_on_each_point_alone(field: Field, dim: int):
    x = torch.rand(20, dim)
    order = torch.randperm(20)
    torch.testing.assert_close(field(x)[order], field(x[order]), atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(field(x)[3:4], field(x[3:4]), atol=1e-5, rtol=1e-4)


def test_takes_points_in_any_arrangement(field: Field, dim: int):
    x = torch.rand(4, 5, dim)
    torch.testing.assert_close(field(x).flatten(0, 1), field(x.flatten(0, 1)), atol=1e-5, rtol=1e-4)
    assert field(x).shape == (4, 5, 3)


def test_gradient_is_slope(field: Field, part: Part, dim: int):
    field = field.double()
    x = torch.rand(30, dim, dtype=torch.float64)
    step = 1e-8 * torch.nn.functional.normalize(torch.randn(30, dim, dtype=torch.float64), dim=-1)
    with torch.no_grad():
        rise = (field(x + step) - field(x - step)).sum(-1) / 2
    expected = (gradient(field, x).sum(1) * step).sum(-1)
    agree = (rise - expected).abs() <= 1e-12 + 1e-3 * expected.abs()
    assert (agree.double().mean() > 0.9) == (part[1] not in DETACHED)  # hardly any step crosses a kink


def test_second_derivatives_are_slopes_of_the_gradient(field: Field, part: Part, dim: int):
    if part[1] in DETACHED:
        pytest.skip("its gradient is not the slope")
    field = field.double()
    slopes = partial(gradient, field)
    x = torch.rand(30, dim, dtype=torch.float64)
    step = 1e-8 * torch.nn.functional.normalize(torch.randn(30, dim, dtype=torch.float64), dim=-1)
    rise = (slopes(x + step) - slopes(x - step)) / 2
    expected = (hessian(field, x) * step[:, None, None, :]).sum(-1)
    error = (rise - expected).abs().flatten(1).amax(1)
    scale = expected.abs().flatten(1).amax(1) + 1e-9 * slopes(x).abs().max() + 1e-11
    assert (error / scale).median() < 1e-2  # where a step crosses a kink they differ


def test_same_seed_same_field_other_seed_other_field(field: Field, config: DictConfig, dim: int):
    again, other = (draw(lambda: build_field(config, dim=dim, channels=3), seed) for seed in (0, 1))
    x = torch.rand(5, dim)
    assert torch.equal(field(x), again(x))
    drawn = not config.network._target_.endswith(".Grid")  # which begins flat
    assert torch.equal(field(x), other(x)) != drawn


def test_loss_descends(field: Field, dim: int):
    x, y = torch.rand(256, dim), torch.rand(256, 3)
    optimizer = torch.optim.Adam(field.parameters(), lr=1e-4)
    losses = []
    for _ in range(10):
        loss = (field(x) - y).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]


def test_members_are_fields_of_their_own(config: DictConfig, dim: int):
    alone = [draw(lambda: build_field(config, dim=dim, channels=3), seed) for seed in (0, 1)]
    x = torch.rand(2, 20, dim)
    together = Ensemble(alone)(x)
    for m, field in enumerate(alone):
        torch.testing.assert_close(together[m], field(x[m]), atol=1e-4, rtol=1e-3)
