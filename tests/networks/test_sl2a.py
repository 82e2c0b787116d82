"""SL2A: the polynomials that its first layer learns, its low-rank layers, and how it is drawn."""

import math

import numpy as np
import pytest
import torch
from scipy import stats

from fieldlab.networks.sl2a import Norm, Sl2a


def test_the_first_layer_is_a_chebyshev_series_of_each_coordinate():
    network = Sl2a(2, 1, width=3, depth=1, degree=4, rank=2)
    x = torch.randn(7, 2)
    series = network.series.detach().unflatten(1, (2, 5)).numpy()
    squeezed = np.tanh(x.numpy())
    rows = [sum(np.polynomial.chebyshev.chebval(squeezed[:, i], series[j, i]) for i in range(2)) for j in range(3)]
    psi = network.norm(torch.from_numpy(np.stack(rows, axis=-1)).float())
    h = (network.up[0](network.down[0](psi * psi))).relu()
    torch.testing.assert_close(network(x), network.last(h * psi), atol=1e-5, rtol=1e-4)


def test_it_is_drawn_as_in_the_authors_code():
    network = Sl2a(2, 1, width=254, depth=1, degree=23, rank=64)
    bounds = [
        (network.series, math.sqrt(6 / (256 * 24))),
        (network.down[0].weight, 1 / 8),
        (network.up[0].weight, 1 / math.sqrt(254)),
        (network.up[0].bias, 1 / 8),
    ]
    for values, bound in bounds:
        drawn = values.detach().flatten()[:4096]
        assert stats.kstest(drawn, stats.uniform(-bound, 2 * bound).cdf).pvalue > 1e-3


def test_its_norm_is_torchs_layer_normalisation():
    norm, h = Norm(16), torch.randn(5, 16)
    torch.testing.assert_close(norm(h), torch.nn.functional.layer_norm(h, (16,)))


@pytest.mark.parametrize("wrong", [{"degree": 0}, {"rank": 0}, {"width": 0}, {"depth": 0}])
def test_impossible_settings_are_errors(wrong: dict[str, int]):
    with pytest.raises(ValueError, match="must be at least 1"):
        Sl2a(2, 1, **({"width": 8, "depth": 2, "degree": 4, "rank": 2} | wrong))
