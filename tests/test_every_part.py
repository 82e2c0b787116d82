"""What must hold for every encoding, network and preset in conf/, those that are added later included."""

import pytest
import torch
from omegaconf import DictConfig

import fieldlab
from conftest import options
from fieldlab.field import Field, build_field, draw

PAIRS = [("relu", f"field/encoding={part}") for part in options("field/encoding")]
PAIRS += [("gaussian", f"field/network={part}") for part in options("field/network")]
PAIRS += [(preset, "study=fit") for preset in options("field")]


@pytest.fixture(scope="module", params=PAIRS, ids=lambda pair: "-".join(pair).replace("field/", ""))
def config(request: pytest.FixtureRequest) -> DictConfig:
    return fieldlab.compose(f"field={request.param[0]}", request.param[1]).field


@pytest.fixture
def field(config: DictConfig) -> Field:
    return draw(lambda: build_field(config, dim=2, channels=3), seed=0)


def test_acts_on_each_point_alone(field: Field):
    x = torch.rand(20, 2)
    order = torch.randperm(20)
    torch.testing.assert_close(field(x)[order], field(x[order]), atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(field(x)[3:4], field(x[3:4]), atol=1e-5, rtol=1e-4)


def test_takes_points_in_any_arrangement(field: Field):
    x = torch.rand(4, 5, 2)
    torch.testing.assert_close(field(x).flatten(0, 1), field(x.flatten(0, 1)), atol=1e-5, rtol=1e-4)
    assert field(x).shape == (4, 5, 3)


def test_gradient_is_slope(field: Field):
    field = field.double()
    x = torch.rand(30, 2, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(field(x).sum(), x)
    # so small that hardly any step crosses a kink of a ReLU
    step = 1e-8 * torch.nn.functional.normalize(torch.randn(30, 2, dtype=torch.float64), dim=-1)
    with torch.no_grad():
        rise = (field(x + step) - field(x - step)).sum(-1) / 2
    torch.testing.assert_close(rise, (gradient * step).sum(-1), atol=1e-13, rtol=1e-3)


def test_same_seed_same_field_other_seed_other_field(field: Field, config: DictConfig):
    again, other = (draw(lambda: build_field(config, dim=2, channels=3), seed) for seed in (0, 1))
    x = torch.rand(5, 2)
    assert torch.equal(field(x), again(x))
    assert not torch.equal(field(x), other(x))


def test_loss_descends(field: Field):
    x, y = torch.rand(256, 2), torch.rand(256, 3)
    optimizer = torch.optim.Adam(field.parameters(), lr=1e-4)
    losses = []
    for _ in range(10):
        loss = (field(x) - y).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("dim", [1, 3])
def test_takes_any_dimension(config: DictConfig, dim: int):
    assert build_field(config, dim=dim, channels=2)(torch.rand(6, dim)).shape == (6, 2)
