"""Positional encoding against its definition, and as a special case of Fourier features."""

import math

import pytest
import torch

from fieldlab.encodings.gaussian import GaussianFourier
from fieldlab.encodings.positional import Positional


def test_features_by_hand():
    encoding = Positional(2, num_octaves=3, times_pi=False, include_coordinate=True)
    x = torch.tensor([[0.3, -0.7]])
    by_hand = [0.3, -0.7]
    by_hand += [math.sin(f * v) for v in (0.3, -0.7) for f in (1, 2, 4)]
    by_hand += [math.cos(f * v) for v in (0.3, -0.7) for f in (1, 2, 4)]
    torch.testing.assert_close(encoding(x), torch.tensor([by_hand]))
    assert encoding.features == 2 * 2 * 3 + 2 == len(by_hand)


def test_times_pi_makes_the_first_octave_one_period_of_the_range():
    encoding = Positional(1, num_octaves=1, times_pi=True, include_coordinate=False)
    torch.testing.assert_close(encoding(torch.tensor([[-1.0]])), encoding(torch.tensor([[1.0]])), atol=1e-6, rtol=0)
    assert encoding.features == 2


def test_is_fourier_features_with_axis_aligned_octaves():
    positional = Positional(2, num_octaves=4, times_pi=False, include_coordinate=False)
    fourier = GaussianFourier(2, rows=8, sigma=1.0, seed=None)
    octaves = 2.0 ** torch.arange(4) / (2 * math.pi)
    fourier.frequencies = torch.block_diag(octaves[None], octaves[None])
    x = torch.rand(50, 2)
    cos, sin = fourier(x).chunk(2, dim=-1)
    torch.testing.assert_close(positional(x), torch.cat([sin, cos], dim=-1))


def test_no_octaves_is_an_error():
    with pytest.raises(ValueError, match="num_octaves must be at least 1, not 0"):
        Positional(2, num_octaves=0, times_pi=False, include_coordinate=True)
