"""Other initialisations and parametrisations of any dense network: what they leave as it was, and what they change."""

import math
from functools import partial
from typing import Any

import pytest
import torch
from torch import nn

from fieldlab.networks.activation_aware import ActivationAware, mean_square
from fieldlab.networks.fourier_reparametrised import FourierReparametrised, make_waves
from fieldlab.networks.gauss import Gauss
from fieldlab.networks.linear import find_layers
from fieldlab.networks.relu import ReLU
from fieldlab.networks.siren import Siren
from fieldlab.networks.weight_factorised import WeightFactorised
from fieldlab.networks.weight_scaled import WeightScaled
from fieldlab.networks.wire import Wire

SIREN = partial(Siren, width=32, depth=3, first_omega_0=30.0, hidden_omega_0=30.0)
RELU = partial(ReLU, width=32, depth=3)


def drawn(make: Any) -> nn.Module:
    torch.manual_seed(7)
    return make(2, 3)


def test_weights_are_scaled_but_the_last_layers_and_biases():
    plain, scaled = drawn(SIREN), drawn(partial(WeightScaled, network=SIREN, scale=2.5))
    pairs = list(zip(find_layers(plain), find_layers(scaled), strict=True))
    for ours, theirs in pairs:
        torch.testing.assert_close(theirs.weight, ours.weight * (1 if theirs is pairs[-1][1] else 2.5))
        assert torch.equal(theirs.bias, ours.bias)
    x = torch.rand(5, 2)
    assert torch.equal(drawn(partial(WeightScaled, network=SIREN, scale=1.0))(x), plain(x))


def test_gains_and_what_they_multiply_begin_as_the_network():
    plain, factorised = drawn(RELU), drawn(partial(WeightFactorised, network=RELU, mean=1.0, std=0.1))
    x = torch.rand(9, 2)
    torch.testing.assert_close(factorised(x), plain(x))
    gains = torch.cat([layer.parametrizations.weight.original0 for layer in find_layers(factorised)]).detach()
    assert gains.log().mean().item() == pytest.approx(1, abs=0.05)
    assert gains.log().std().item() == pytest.approx(0.1, abs=0.03)
    assert sum(p.numel() for p in factorised.parameters()) == sum(p.numel() for p in plain.parameters()) + 3 * 32 + 3


def test_a_step_on_gains_and_the_rest_is_the_chain_rule():
    [layer] = find_layers(drawn(partial(WeightFactorised, network=RELU, mean=0.5, std=0.1)))[1:2]
    layer.weight.square().sum().backward()
    factors = layer.parametrizations.weight
    weight = layer.weight.detach()
    torch.testing.assert_close(factors.original0.grad, (2 * weight * factors.original1.detach()).sum(1))
    torch.testing.assert_close(factors.original1.grad, 2 * weight * factors.original0.detach()[:, None])


def test_waves_are_as_published():
    waves = make_waves(9, low=2, high=3, phases=4, alpha=0.05)
    assert waves.shape == ((2 + 3) * 4, 9)
    places = torch.linspace(-2 * math.pi, 2 * math.pi, 9)
    torch.testing.assert_close(waves[0], 0.05 * torch.cos(places / 2))
    torch.testing.assert_close(waves[5], 0.05 * torch.cos(places + math.pi / 2))
    torch.testing.assert_close(waves[-1], 0.05 * torch.cos(3 * places + 3 * math.pi / 2), atol=1e-6, rtol=0)


def test_hidden_weights_are_mixtures_of_waves():
    network = drawn(partial(FourierReparametrised, network=SIREN, low=4, high=4, phases=4, alpha=0.01, omega_0=30.0))
    plain = drawn(SIREN)
    layers = find_layers(network)
    assert torch.equal(layers[0].weight, find_layers(plain)[0].weight)
    for layer in layers[1:-1]:
        mixture = layer.parametrizations.weight
        waves = mixture[0].waves
        torch.testing.assert_close(layer.weight, mixture.original @ waves)
        bound = math.sqrt(6 / 32) / 30
        assert (mixture.original * waves.norm(dim=1)).abs().max() <= bound
        assert (mixture.original * waves.norm(dim=1)).abs().max() > 0.9 * bound
        assert not layer.bias.any()
    x = torch.rand(6, 2)
    for layer, wanted in zip(find_layers(plain), layers, strict=True):  # it is a plain network with those matrices
        layer.load_state_dict({"weight": wanted.weight.detach(), "bias": wanted.bias.detach()})
    torch.testing.assert_close(network(x), plain(x))


def test_mean_squares_in_closed_form():
    """E[sin^2(30 s e)] = (1 - exp(-2 (30 s)^2)) / 2, and E[exp(-2 (a s e)^2)] = 1 / sqrt(1 + 4 (a s)^2)."""
    assert mean_square(lambda z: torch.sin(30 * z), 1 / 30) == pytest.approx((1 - math.exp(-2)) / 2, abs=1e-6)
    assert mean_square(lambda z: torch.exp(-((10 * z) ** 2)), 0.1) == pytest.approx(1 / math.sqrt(5), abs=1e-6)
    assert mean_square(torch.relu, 2.0) == pytest.approx(2, abs=1e-5)


@pytest.mark.parametrize(
    "network",
    [
        partial(Siren, width=1024, depth=4, first_omega_0=30.0, hidden_omega_0=30.0),
        partial(Gauss, width=1024, depth=4, scale=30.0),
        partial(ReLU, width=1024, depth=4),
    ],
)
def test_all_pre_activations_begin_with_the_same_deviation(network: Any):
    torch.manual_seed(0)
    wanted = 0.04
    aware = ActivationAware(8, 512, network=network, sigma=wanted, input_square=1 / 3, output=0.2)
    seen: list[float] = []
    for layer in find_layers(aware):
        layer.register_forward_hook(lambda _, __, z: seen.append(z.square().mean().sqrt().item()))
    with torch.no_grad():
        aware(2 * torch.rand(2000, 8) - 1)
    assert seen[:-1] == pytest.approx([wanted] * 4, rel=0.1)
    assert seen[-1] == pytest.approx(0.2, rel=0.1)


def test_behind_relu_it_is_kaimings():
    """Var W = 2 / n where sigma^2 = E[relu^2] 2: independent of sigma."""
    torch.manual_seed(0)
    aware = ActivationAware(2, 1, network=partial(ReLU, width=512, depth=2), sigma=0.7, input_square=1.0, output=1.0)
    assert find_layers(aware)[1].weight.var().item() == pytest.approx(2 / 512, rel=0.02)


@pytest.mark.parametrize(
    "make",
    [
        partial(WeightScaled, network=SIREN, scale=0.0),
        partial(WeightFactorised, network=RELU, mean=1.0, std=-0.1),
        partial(FourierReparametrised, network=RELU, low=0, high=4, phases=4, alpha=0.1, omega_0=1.0),
        partial(FourierReparametrised, network=RELU, low=4, high=4, phases=4, alpha=0.0, omega_0=1.0),
        partial(ActivationAware, network=RELU, sigma=0.0, input_square=1.0, output=1.0),
    ],
)
def test_impossible_settings_are_errors(make: Any):
    with pytest.raises(ValueError, match=r"must (not )?be"):
        make(2, 1)


def test_a_network_that_does_not_say_its_activation_is_an_error():
    wire = partial(Wire, width=8, depth=2, omega_0=10.0, scale=10.0)
    with pytest.raises(ValueError, match=r"Wire has no method activate\(z, layer\)"):
        ActivationAware(2, 1, network=wire, sigma=1.0, input_square=1.0, output=1.0)
