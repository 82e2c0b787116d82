"""Activations of dense networks: literal values, limits in which one becomes another, and what their constructors refuse."""

import math
from typing import Any

import pytest
import torch
from scipy import stats
from torch import nn

from fieldlab.networks.dense import Dense
from fieldlab.networks.finer import Finer
from fieldlab.networks.finer_gauss import FinerGauss
from fieldlab.networks.gabor import Gabor
from fieldlab.networks.gauss import Gauss
from fieldlab.networks.lsa import Lsa, sum_sines
from fieldlab.networks.siren import Siren
from fieldlab.networks.staf import Staf

SIZE = {"width": 64, "depth": 3}
OMEGA = {"first_omega_0": 30.0, "hidden_omega_0": 30.0}
BARE = {"first_bias": None, "detached": False}


@pytest.mark.parametrize(
    ("network", "z", "expected"),
    [
        (Finer(2, 1, **SIZE, **OMEGA, **BARE), 0.1, -0.157746),
        (FinerGauss(2, 1, **SIZE, scale=3.0, **BARE), 0.1, 0.896820),
        (Gauss(2, 1, **SIZE, scale=30.0), 0.02, 0.697676),
        (Gabor(2, 1, **SIZE, omega_0=20.0, scale=10.0), 0.1, 0.334512),
    ],
)
def test_literal_values(network: Dense, z: float, expected: float):
    assert network.activate(torch.tensor([z]), 1).item() == pytest.approx(expected, abs=2e-6)


def copy_layers(source: nn.Module, target: nn.Module) -> None:
    layers = [[part for part in network.modules() if isinstance(part, nn.Linear)] for network in (source, target)]
    for ours, theirs in zip(*layers, strict=True):
        theirs.load_state_dict(ours.state_dict())


def test_finer_is_a_siren_of_what_is_stretched():
    finer = Finer(2, 1, **SIZE, **OMEGA, **BARE)
    z = torch.linspace(-1, 1, 41)
    siren = Siren(2, 1, **SIZE, **OMEGA)
    torch.testing.assert_close(finer.activate(z, 1), siren.activate((z.abs() + 1) * z, 1))


def test_finer_of_small_weights_is_a_siren():
    """|z| + 1 tends to 1."""
    siren, finer = Siren(2, 1, **SIZE, **OMEGA), Finer(2, 1, **SIZE, **OMEGA, **BARE)
    copy_layers(siren, finer)
    x = torch.rand(50, 2)
    distances = []
    for scale in (1e-1, 1e-2):
        with torch.no_grad():
            for network in (siren, finer):
                for parameter in network.parameters():
                    parameter.mul_(scale)
        distances.append((siren(x) - finer(x)).abs().max() / siren(x).abs().max())
    assert distances[1] < distances[0] / 5


def test_finer_draws_as_siren_and_its_first_biases_within_a_bound():
    finer = Finer(2, 1, width=4096, depth=2, **OMEGA, first_bias=5.0, detached=True)
    for values, bound in (
        (finer.hidden[0].weight, 1 / 2),
        (finer.hidden[1].weight[:64], math.sqrt(6 / 4096) / 30),
        (finer.hidden[0].bias, 5.0),
        (finer.hidden[1].bias, 1 / 64),
    ):
        drawn = values.detach().flatten().numpy()
        assert stats.kstest(drawn, stats.uniform(-bound, 2 * bound).cdf).pvalue > 1e-3


@pytest.mark.parametrize("detached", [True, False])
def test_a_detached_factor_has_no_gradient(detached: bool):
    finer = Finer(1, 1, **SIZE, **OMEGA, first_bias=None, detached=detached)
    z = torch.tensor([0.1], requires_grad=True)
    finer.activate(z, 1).backward()
    factor = 1.1 if detached else 1.2  # |z| + 1, or the whole slope 2 |z| + 1
    assert z.grad is not None
    assert z.grad.item() == pytest.approx(30 * factor * math.cos(30 * 0.11), abs=1e-4)


def test_gauss_is_the_papers_with_a_for_scale():
    z, a = torch.linspace(-1, 1, 9), 0.1
    network = Gauss(2, 1, **SIZE, scale=1 / (a * math.sqrt(2)))
    torch.testing.assert_close(network.activate(z, 0), torch.exp(-(z**2) / (2 * a**2)))


def test_a_gabor_of_wide_windows_is_a_sine():
    z = torch.linspace(-1, 1, 9)
    gabor = Gabor(2, 1, **SIZE, omega_0=30.0, scale=1e-4)
    torch.testing.assert_close(gabor.activate(z, 0), torch.sin(30 * z))


def test_sums_of_sines_are_sums_of_sines():
    a, angle = torch.randn(32, dtype=torch.float64), torch.linspace(-9, 9, 101, dtype=torch.float64)
    expected = sum(a[k - 1] * torch.sin(k * angle) for k in range(1, 33))
    torch.testing.assert_close(sum_sines(a, angle), expected, atol=1e-10, rtol=0)
    torch.testing.assert_close(sum_sines(a.float(), angle.float()).double(), expected, atol=1e-3, rtol=0)


def test_compiled_sums_of_sines_have_the_same_values_and_slopes(monkeypatch: pytest.MonkeyPatch):
    a = torch.randn(32, dtype=torch.float64, requires_grad=True)
    angle = torch.linspace(-9, 9, 101, dtype=torch.float64, requires_grad=True)
    eager = sum_sines(a, angle)
    monkeypatch.setattr(torch.compiler, "is_compiling", lambda: True)
    compiled = sum_sines(a, angle)
    torch.testing.assert_close(compiled, eager, atol=1e-10, rtol=0)
    slopes = [torch.autograd.grad(values.square().sum(), (a, angle)) for values in (compiled, eager)]
    torch.testing.assert_close(*slopes, atol=1e-8, rtol=1e-10)


def test_lsa_without_amplitudes_is_linear_and_has_the_published_size():
    linear = Lsa(2, 3, width=256, depth=4, harmonics=32, init_std=0.0)
    assert sum(p.numel() for p in linear.parameters()) == 199_043
    a, b = torch.rand(5, 2), torch.rand(5, 2)
    middle = (linear(a) + linear(b)) / 2
    torch.testing.assert_close(linear((a + b) / 2), middle, atol=1e-6, rtol=1e-5)


def test_staf_with_one_sine_is_a_siren():
    staf = Staf(2, 1, **SIZE, sines=1, first_omega_0=60.0, hidden_omega_0=30.0, skip=False)
    with torch.no_grad():
        staf.amplitudes.fill_(1.0)
        staf.phases.zero_()
        staf.frequencies.fill_(30.0)
    siren = Siren(2, 1, **SIZE, **OMEGA)
    copy_layers(siren, staf)
    x = torch.rand(9, 2)
    torch.testing.assert_close(staf(x), siren(x))


def test_the_skip_of_stafs_code_adds_what_is_activated_but_in_the_first_layer():
    z = torch.randn(7)
    settings: dict[str, Any] = {**SIZE, "sines": 5, "first_omega_0": 60.0, "hidden_omega_0": 30.0}
    torch.manual_seed(1)
    plain = Staf(2, 1, **settings, skip=False)
    torch.manual_seed(1)
    skip = Staf(2, 1, **settings, skip=True)
    torch.testing.assert_close(skip.activate(z, 1), plain.activate(z, 1) + z)
    torch.testing.assert_close(skip.activate(z, 0), plain.activate(z, 0))


def test_stafs_numbers_are_drawn_as_published():
    torch.manual_seed(0)
    staf = Staf(2, 1, width=2, depth=400, sines=5, first_omega_0=60.0, hidden_omega_0=30.0, skip=False)
    frequencies, phases, amplitudes = (
        p.detach()[1:].flatten() for p in (staf.frequencies, staf.phases, staf.amplitudes)
    )
    assert stats.kstest(frequencies, stats.uniform(0, 30).cdf).pvalue > 1e-3
    assert stats.kstest(phases, stats.uniform(-math.pi, 2 * math.pi).cdf).pvalue > 1e-3
    signed = amplitudes.sign() * amplitudes.square()
    assert stats.kstest(signed, stats.laplace(0, 1 / 10).cdf).pvalue > 1e-3


@pytest.mark.parametrize(
    "make",
    [
        lambda: Finer(2, 1, **SIZE, first_omega_0=0.0, hidden_omega_0=30.0, **BARE),
        lambda: Finer(2, 1, **SIZE, **OMEGA, first_bias=-1.0, detached=True),
        lambda: FinerGauss(2, 1, **SIZE, scale=0.0, **BARE),
        lambda: Gauss(2, 1, **SIZE, scale=-1.0),
        lambda: Gabor(2, 1, **SIZE, omega_0=1.0, scale=0.0),
        lambda: Lsa(2, 1, **SIZE, harmonics=0, init_std=1e-3),
        lambda: Lsa(2, 1, **SIZE, harmonics=4, init_std=-1e-3),
        lambda: Staf(2, 1, **SIZE, sines=0, **OMEGA, skip=False),
        lambda: Gauss(2, 1, width=0, depth=3, scale=1.0),
    ],
)
def test_impossible_settings_are_errors(make: Any):
    with pytest.raises(ValueError, match=r"must (not )?be"):
        make()
