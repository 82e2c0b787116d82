"""SIREN: the authors' initial distributions, the role of omega_0, and the theorem that its slope is a SIREN."""

import math

import pytest
import torch
from scipy import stats

from fieldlab.networks.siren import Sine, Siren


def siren(features: int = 2, width: int = 256, depth: int = 4, first: float = 30.0, hidden: float = 30.0) -> Siren:
    return Siren(features, 1, width=width, depth=depth, first_omega_0=first, hidden_omega_0=hidden)


def assert_uniform(weights: torch.Tensor, bound: float):
    """Kolmogorov-Smirnov against U(-bound, bound)."""
    values = weights.detach().flatten().numpy()
    assert abs(values).max() <= bound
    assert stats.kstest(values, stats.uniform(-bound, 2 * bound).cdf).pvalue > 1e-3


def test_first_layer_is_uniform_within_one_over_fan_in():
    assert_uniform(siren(features=2, width=4096, depth=1).sines[0].linear.weight, 1 / 2)


@pytest.mark.parametrize("omega_0", [15.0, 30.0])
def test_hidden_and_last_layers_are_uniform_within_the_published_bound(omega_0: float):
    network = siren(hidden=omega_0)
    bound = math.sqrt(6 / 256) / omega_0
    for sine in network.sines[1:]:
        assert_uniform(sine.linear.weight, bound)
    assert_uniform(network.last.weight, bound)


def test_biases_are_torchs_default():
    for sine in siren().sines[1:]:
        assert_uniform(sine.linear.bias, 1 / math.sqrt(256))


def test_omega_0_multiplies_the_bias_too():
    layer = Sine(torch.nn.Linear(2, 5), 30.0, 0.5)
    x = torch.rand(7, 2)
    expected = torch.sin(30 * x @ layer.linear.weight.T + 30 * layer.linear.bias)
    torch.testing.assert_close(layer(x), expected, atol=2e-5, rtol=0)


def test_spread_of_pre_activations_is_the_predicted_one():
    """omega_0 W h has variance 2 E[h^2] (theorem 1.8 of the paper), the bias adds omega_0^2 / (3 n).

    E[sin^2 z] = (1 - exp(-2 v)) / 2 for normal z of variance v closes the recursion from layer to layer.
    """
    network = siren(width=2048, depth=6)
    h = torch.rand(1024, 2) * 2 - 1
    energy = 0.5  # after the first layer, whose phases cover many periods
    with torch.no_grad():
        h = network.sines[0](h)
        for sine in network.sines[1:]:
            variance = 2 * energy + 30**2 / (3 * 2048)
            before = sine.omega_0 * sine.linear(h)
            assert before.var().item() == pytest.approx(variance, rel=0.05)
            h = torch.sin(before)
            energy = (1 - math.exp(-2 * variance)) / 2
            assert h.square().mean().item() == pytest.approx(energy, rel=0.05)


def test_its_derivative_is_a_siren():
    """cos z = sin(z + pi/2): the slope is the same network with phases shifted, multiplied through (section 3)."""
    network = siren(width=32, depth=3).double()
    x = torch.rand(9, 2, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(network(x).sum(), x)
    h, jacobian = x, torch.eye(2, dtype=torch.float64).expand(9, 2, 2)
    for sine in network.sines:
        z = sine.omega_0 * sine.linear(h)
        shifted = torch.sin(z + math.pi / 2)
        jacobian = (shifted * sine.omega_0)[..., None] * (sine.linear.weight @ jacobian)
        h = torch.sin(z)
    by_phase_shift = (network.last.weight @ jacobian).squeeze(1)
    torch.testing.assert_close(slope, by_phase_shift)


@pytest.mark.parametrize("wrong", [{"first": 0.0}, {"hidden": -1.0}, {"width": 0}, {"depth": 0}])
def test_impossible_settings_are_errors(wrong: dict):
    with pytest.raises(ValueError, match=r"must be (positive|at least 1)"):
        siren(**wrong)
