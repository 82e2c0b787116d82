"""CPPN: its closed form, its size, and what its authors hold it to."""

import math

import pytest
import torch

import fieldlab
from fieldlab.field import build_field, draw
from fieldlab.networks.cppn import Cppn


def test_one_layer_in_closed_form():
    network = Cppn(1, 1, width=1, depth=1, bias=0.0).double()
    torch.nn.init.constant_(network.hidden[0].weight, 2.0)
    torch.nn.init.constant_(network.hidden[0].bias, 0.5)
    network.last.weight.data = torch.tensor([[3.0, -1.5]], dtype=torch.float64)
    network.last.bias.data.fill_(0.25)
    x = torch.linspace(-2, 2, 9, dtype=torch.float64)[:, None]
    expected = [
        0.25 + 3 * math.atan(2 * v + 0.5) / 0.67 - 1.5 * math.atan(2 * v + 0.5) ** 2 / 0.6 for v in x[:, 0].tolist()
    ]
    assert network(x)[:, 0].tolist() == pytest.approx(expected)


@pytest.mark.parametrize(("channels", "parameters"), [(1, 8353), (3, 8451)])
def test_as_many_parameters_as_the_authors_have(channels: int, parameters: int):
    field = build_field(fieldlab.compose("field=cppn").field, dim=2, channels=channels)
    assert sum(p.numel() for p in field.parameters()) == parameters


def test_the_first_picture_is_flat():
    field = draw(lambda: build_field(fieldlab.compose("field=cppn").field, dim=2, channels=3), seed=0)
    picture = field(torch.rand(50, 2))
    torch.testing.assert_close(picture, picture[:1].expand_as(picture))


def test_initial_weights():
    network = Cppn(400, 1, width=500, depth=1, bias=0.1)
    weight = network.hidden[0].weight
    assert weight.std().item() == pytest.approx(1 / 20, rel=0.02)
    assert weight.abs().max().item() <= 2 / 20 / 0.8796 + 1e-6
    assert network.hidden[0].bias.std().item() == pytest.approx(0.1, rel=0.15)


@pytest.mark.parametrize("seed", range(3))
def test_it_solves_xor(seed: int):
    """Corners above 0.99 and below 0.01 within 60 steps of Adam (the authors' test has 200)."""
    config = fieldlab.compose("field=cppn", "field.network.width=16").field
    field = draw(lambda: build_field(config, dim=2, channels=1), seed)
    corners, wanted = torch.tensor([[0.0, 0], [0, 1], [1, 0], [1, 1]]), torch.tensor([0.0, 1, 1, 0])
    optimizer = torch.optim.Adam(field.parameters(), lr=0.01)
    for _ in range(60):
        values = field(corners)[:, 0]
        if (values - wanted).abs().max() < 0.01:
            return
        optimizer.zero_grad()
        (values - wanted).square().sum().backward()
        optimizer.step()
    pytest.fail(f"{values.tolist()}")


def test_bad_settings():
    with pytest.raises(ValueError, match="width and depth must be at least 1"):
        Cppn(2, 1, width=0, depth=1, bias=0.1)
    with pytest.raises(ValueError, match="bias must be at least 0"):
        Cppn(2, 1, width=1, depth=1, bias=-0.1)
