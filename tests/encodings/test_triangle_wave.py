"""Triangle waves: tiny-cuda-nn's values, and the sine that each is nearest to."""

import math

import pytest
import torch

from fieldlab.encodings.triangle_wave import TriangleWave


def test_values_of_tiny_cuda_nn():
    features = TriangleWave(1, waves=4)(torch.tensor([[0.3]]))
    torch.testing.assert_close(features, torch.tensor([[0.4, -0.8, 0.6, 0.8]]), atol=1e-5, rtol=0)


@pytest.mark.parametrize("k", [0, 1, 2, 5])
def test_the_first_fourier_coefficient_is_that_of_a_triangle(k: int):
    x = torch.arange(4096, dtype=torch.float64)[:, None] / 4096 * 2
    wave = TriangleWave(1, waves=6).double()(x)[:, k]
    v = x[:, 0] * 2.0 ** (k - 1) + k / 4
    assert (2 * wave * torch.cos(2 * math.pi * v)).mean().item() == pytest.approx(8 / math.pi**2, abs=1e-3)
    assert wave.abs().max() <= 1


def test_no_wave_is_an_error():
    with pytest.raises(ValueError, match="waves must be at least 1, not 0"):
        TriangleWave(2, waves=0)
