"""Multiplicative filter networks: sums of sines, windows that widen to sines, and a spectrum that ends where it should."""

import math
from typing import Any

import pytest
import torch
from scipy import stats

from fieldlab.networks.bacon import Bacon
from fieldlab.networks.mfn_fourier import FourierNet
from fieldlab.networks.mfn_gabor import GaborNet

SIZE: dict[str, Any] = {"width": 8, "depth": 2, "weight_scale": 1.0}


def test_a_product_of_two_filters_is_a_sum_of_four_sines():
    """(w sin(a) + b) sin(c) = w (cos(a - c) - cos(a + c)) / 2 + b sin(c)."""
    network = FourierNet(1, 1, width=1, depth=1, input_scale=4.0, weight_scale=1.0).double()
    x = torch.linspace(-1, 1, 23, dtype=torch.float64)[:, None]
    a, c = (filtered.linear(x) for filtered in network.filters)
    w, b = (p.item() for p in network.hidden[0].parameters())
    expected = w * (torch.cos(a - c) - torch.cos(a + c)) / 2 + b * torch.sin(c)
    torch.testing.assert_close(network(x), network.last(expected))


def test_filters_are_drawn_as_in_the_authors_code():
    network = FourierNet(2, 1, width=4096, depth=1, input_scale=256.0, weight_scale=1.0)
    linear = network.filters[0].linear
    bound = 256 / math.sqrt(2) / math.sqrt(2)  # depth + 1 filters, two coordinates
    assert stats.kstest(linear.weight.detach().flatten(), stats.uniform(-bound, 2 * bound).cdf).pvalue > 1e-3
    assert stats.kstest(linear.bias.detach(), stats.uniform(-math.pi, 2 * math.pi).cdf).pvalue > 1e-3
    hidden = network.hidden[0].weight.detach().flatten()[:4096]
    assert stats.kstest(hidden, stats.uniform(-1 / 64, 1 / 32).cdf).pvalue > 1e-3


def test_windows_come_from_a_gamma_distribution_and_scale_their_waves():
    torch.manual_seed(0)
    network = GaborNet(2, 1, width=4096, depth=1, input_scale=1.0, weight_scale=1.0, alpha=6.0, beta=1.0)
    filtered = network.filters[0]
    assert stats.kstest(filtered.gamma.detach(), stats.gamma(3).cdf).pvalue > 1e-3
    weight = filtered.sine.linear.weight.detach() / filtered.gamma.detach().sqrt()[:, None]
    assert stats.kstest(weight.flatten(), stats.uniform(-0.5, 1).cdf).pvalue > 1e-3


def test_gabors_without_windows_are_sines():
    gabor = GaborNet(2, 3, **SIZE, input_scale=5.0, alpha=6.0, beta=1.0)
    fourier = FourierNet(2, 3, **SIZE, input_scale=5.0)
    with torch.no_grad():
        for ours, theirs in zip(gabor.filters, fourier.filters, strict=True):
            ours.gamma.zero_()
            ours.sine.load_state_dict(theirs.state_dict())
    for ours, theirs in ((gabor.hidden, fourier.hidden), (gabor.last, fourier.last)):
        ours.load_state_dict(theirs.state_dict())
    x = torch.rand(9, 2)
    torch.testing.assert_close(gabor(x), fourier(x))


@pytest.mark.parametrize("scale", [1, 2, 3])
def test_nothing_is_above_the_highest_frequency(scale: int):
    """Scale s ends at (s + 1) B, B = 32 / (2 * 4) = 4 cycles an axis; the fields are periodic over [-1/2, 1/2]."""
    network = Bacon(2, 1, width=32, depth=3, samples=32, scale=scale, weight_scale=6.0)
    along = (torch.arange(64) / 64 - 0.5).double()
    with torch.no_grad():
        values = network.double()(torch.cartesian_prod(along, along)).view(64, 64)
    spectrum = torch.fft.fft2(values).abs() / 64**2
    frequency = torch.fft.fftfreq(64, 1 / 64).abs()
    above = torch.maximum(frequency[:, None], frequency) > 4 * (scale + 1)
    assert spectrum[above].max() < 1e-9
    assert spectrum[torch.maximum(frequency[:, None], frequency) > 4 * scale].max() > 1e-6  # and it goes that far


def test_frequencies_are_whole_and_stay():
    network = Bacon(2, 1, width=512, depth=3, samples=256, scale=3, weight_scale=6.0)
    frequencies = network.filters[0].frequencies
    assert frequencies.abs().max() == 32
    assert torch.equal(frequencies, frequencies.round())
    assert not any(name.endswith("frequencies") for name, _ in network.named_parameters())


@pytest.mark.parametrize(
    "make",
    [
        lambda: FourierNet(2, 1, width=0, depth=1, input_scale=1.0, weight_scale=1.0),
        lambda: FourierNet(2, 1, **SIZE, input_scale=0.0),
        lambda: FourierNet(2, 1, width=8, depth=1, input_scale=1.0, weight_scale=0.0),
        lambda: GaborNet(2, 1, **SIZE, input_scale=1.0, alpha=0.0, beta=1.0),
        lambda: Bacon(2, 1, width=8, depth=3, samples=256, scale=4, weight_scale=1.0),
        lambda: Bacon(2, 1, width=8, depth=3, samples=3, scale=1, weight_scale=1.0),
    ],
)
def test_impossible_settings_are_errors(make: Any):
    with pytest.raises(ValueError, match="must be"):
        make()
