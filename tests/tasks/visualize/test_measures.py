"""Measures of spectra: what white noise, natural spectra and flat images have."""

import math

import numpy as np
import pytest
import torch

from fieldlab.tasks.visualize.canvases.measures import (
    high_frequency_share,
    is_flat,
    multiplicity,
    power,
    spectral_slope,
)
from fieldlab.tasks.visualize.canvases.spectrum import frequencies


def natural(size: tuple[int, int], decay: float, images: int = 8) -> torch.Tensor:
    """Noise whose amplitudes fall as 1 / f^decay."""
    scale = frequencies(*size).clamp_min(1 / max(size)) ** -decay
    return torch.fft.irfft2(scale * torch.fft.rfft2(torch.randn(images, 3, *size)), s=size)


def test_power_is_that_of_the_whole_spectrum():
    images = torch.rand(2, 3, 12, 9)
    rows, columns = np.hanning(12), np.hanning(9)
    whole = np.abs(np.fft.fft2((images - images.mean((2, 3), keepdim=True)).numpy() * rows[:, None] * columns)) ** 2
    torch.testing.assert_close(
        (power(images) * multiplicity(9, images.device)).sum((1, 2)),
        torch.from_numpy(whole.sum((1, 2, 3))).float(),
        rtol=1e-4,
        atol=0,
    )


def test_white_noise_has_a_known_share_of_high_frequencies_and_no_slope():
    noise = torch.randn(8, 3, 64, 96)
    torch.testing.assert_close(high_frequency_share(noise).mean(), torch.tensor(1 - math.pi / 16), atol=0.01, rtol=0)
    assert spectral_slope(noise).abs().mean() < 0.1


@pytest.mark.parametrize("decay", [0.5, 1.0, 1.5])
@pytest.mark.parametrize("size", [(64, 64), (65, 48)])
def test_the_slope_is_twice_that_of_amplitudes(size: tuple[int, int], decay: float):
    assert spectral_slope(natural(size, decay)).mean().item() == pytest.approx(-2 * decay, abs=0.25)


def test_edges_that_do_not_repeat_are_no_high_frequencies():
    ramp = torch.linspace(0, 1, 64).expand(1, 3, 64, 64)
    assert high_frequency_share(ramp) < 1e-4
    assert high_frequency_share(torch.rand(1, 3, 64, 64)) > 0.7


def test_a_constant_image_has_no_spectrum_and_is_flat():
    grey = torch.full((1, 3, 16, 16), 0.5)
    assert high_frequency_share(grey).isnan().all()
    assert not spectral_slope(grey).isfinite().any()
    assert is_flat(torch.cat([grey, torch.rand(1, 3, 16, 16)])).tolist() == [1, 0]
