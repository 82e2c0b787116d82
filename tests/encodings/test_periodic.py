"""Periodic: whole waves, so that any network behind it agrees on opposite edges, values and slopes."""

import math

import pytest
import torch

import fieldlab
from fieldlab.encodings.periodic import Periodic, half_ball
from fieldlab.field import build_field


def test_the_torus_is_cosine_and_sine_of_each_angle():
    encoding = Periodic(2, highest=1, mixed=False, interval=[0, 1])
    x = torch.tensor([[0.1, 0.3]])
    angles = 2 * math.pi * x[0]
    torch.testing.assert_close(encoding(x)[0], torch.cat([angles.cos(), angles.sin()]))
    assert encoding.features == 4


def test_mixed_waves_are_half_of_all_whole_vectors_in_the_ball():
    found = {tuple(n) for n in half_ball(2, 2).int().tolist()}
    assert found == {(0, 1), (0, 2), (1, -1), (1, 0), (1, 1), (2, 0)}
    assert Periodic(2, highest=5, mixed=True, interval=[0, 1]).features == 2 * 40
    assert len(half_ball(1, 3)) == 3


@pytest.mark.parametrize(
    "overrides",
    [
        ("field=siren",),
        ("field=relu", "field.encoding.highest=4"),
        ("field=siren", "field.encoding.mixed=true", "field.encoding.highest=3"),
    ],
)
def test_a_field_behind_it_repeats(overrides: tuple[str, ...]):
    config = fieldlab.compose(*overrides, "field/encoding=periodic", "field.network.width=16").field
    field = build_field(config, dim=2, channels=3).double()
    x = torch.rand(20, 2, dtype=torch.float64, requires_grad=True)
    for step in ([1.0, 0.0], [0.0, -1.0], [3.0, 2.0]):
        moved = (x + torch.tensor(step)).detach().requires_grad_()
        torch.testing.assert_close(field(x), field(moved), atol=1e-6, rtol=1e-5)
        here, there = (torch.autograd.grad(field(p).sum(), p)[0] for p in (x, moved))
        torch.testing.assert_close(here, there, atol=1e-4, rtol=1e-4)
    assert not torch.allclose(field(x), field(x + 0.5))


def test_impossible_settings():
    with pytest.raises(ValueError, match="highest must be at least 1"):
        Periodic(2, highest=0, mixed=False, interval=[0, 1])
    with pytest.raises(ValueError, match="interval must be two numbers"):
        Periodic(2, highest=1, mixed=False, interval=[1, 0])
