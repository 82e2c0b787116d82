"""The ReLU baseline: He initialisation keeps the signal's energy, and the map is piecewise linear."""

import pytest
import torch

from fieldlab.networks.relu import ReLU


def test_hidden_layers_keep_the_mean_square():
    network = ReLU(512, 1, width=2048, depth=4)
    for layer in network.hidden:
        torch.nn.init.zeros_(layer.bias)
    h = torch.randn(512, 512)
    before = h.square().mean()
    with torch.no_grad():
        for layer in network.hidden:
            h = layer(h).relu()
            # E[relu(z)^2] = Var(z) / 2 = E[h^2], so the mean square stays (He et al. 2015, eq. 10)
            assert (h.square().mean() / before).item() == pytest.approx(1, rel=0.2)


def test_second_difference_vanishes_almost_everywhere():
    network = ReLU(1, 1, width=16, depth=2).double()
    x = torch.linspace(-1, 1, 20_001, dtype=torch.float64)[:, None]
    with torch.no_grad():
        y = network(x)[:, 0]
    bends = (y[2:] - 2 * y[1:-1] + y[:-2]).abs() > 1e-12
    assert 0 < bends.sum() < 2 * 16 * 16


def test_layout():
    shapes = [tuple(p.shape) for p in ReLU(2, 3, width=256, depth=3).parameters()]
    assert shapes == [(256, 2), (256,), (256, 256), (256,), (256, 256), (256,), (3, 256), (3,)]
