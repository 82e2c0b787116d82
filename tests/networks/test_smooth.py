"""Tanh and softplus: their closed forms, their initialisation, and second derivatives that do not vanish."""

import math

import pytest
import torch

from fieldlab.networks.softplus import Softplus
from fieldlab.networks.tanh import Tanh
from fieldlab.operators import hessian


def test_one_layer_in_closed_form():
    x = torch.linspace(-2, 2, 9, dtype=torch.float64)[:, None]
    for network, activation in (
        (Tanh(1, 1, width=1, depth=1), math.tanh),
        (Softplus(1, 1, width=1, depth=1, beta=3.0), lambda z: math.log1p(math.exp(3 * z)) / 3),
    ):
        for parameter, number in zip(network.parameters(), (2.0, 0.5, -1.5, 0.25), strict=True):
            torch.nn.init.constant_(parameter, number)
        expected = [0.25 - 1.5 * activation(2 * v + 0.5) for v in x[:, 0].tolist()]
        assert network.double()(x)[:, 0].tolist() == pytest.approx(expected)


def test_a_sharp_softplus_is_a_relu():
    torch.manual_seed(0)
    sharp = Softplus(2, 1, width=16, depth=2, beta=1e5)
    x = torch.randn(50, 2)
    h = x
    for layer in sharp.hidden:
        h = layer(h).relu()
    torch.testing.assert_close(sharp(x), sharp.last(h), atol=1e-4, rtol=0)


def test_initial_variances():
    tanh, soft = Tanh(512, 1, width=1024, depth=2), Softplus(512, 1, width=1024, depth=2, beta=1.0)
    assert tanh.hidden[0].weight.var().item() == pytest.approx(2 / (512 + 1024), rel=0.02)
    assert soft.hidden[1].weight.var().item() == pytest.approx(2 / 1024, rel=0.02)


def test_they_bend():
    x = torch.rand(20, 2)
    for network in (Tanh(2, 1, width=16, depth=2), Softplus(2, 1, width=16, depth=2, beta=1.0)):
        assert (hessian(network, x).abs().flatten(1).amax(1) > 0).all()


def test_beta_is_positive():
    with pytest.raises(ValueError, match="beta must be positive, not 0"):
        Softplus(2, 1, width=4, depth=1, beta=0.0)
