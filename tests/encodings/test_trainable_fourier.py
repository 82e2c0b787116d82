"""Trainable Fourier features: those of `GaussianFourier` before the first step, and frequencies that descend."""

import math

import pytest
import torch

from fieldlab.encodings.gaussian import GaussianFourier
from fieldlab.encodings.trainable_fourier import TrainableFourier


def test_before_the_first_step_they_are_gaussian_features():
    torch.manual_seed(5)
    fixed = GaussianFourier(2, rows=16, sigma=3.0, seed=None)
    torch.manual_seed(5)
    trained = TrainableFourier(2, rows=16, sigma=3.0)
    x = torch.rand(9, 2)
    assert torch.equal(fixed(x), trained(x))


def test_the_slope_by_a_frequency_is_that_of_its_wave():
    encoding = TrainableFourier(1, rows=1, sigma=1.0).double()
    x = torch.tensor([[0.3]], dtype=torch.float64)
    encoding(x)[0, 1].backward()
    expected = 2 * math.pi * 0.3 * math.cos(2 * math.pi * 0.3 * encoding.frequencies.item())
    assert encoding.frequencies.grad is not None
    assert encoding.frequencies.grad.item() == pytest.approx(expected)


@pytest.mark.parametrize(("rows", "sigma"), [(0, 1.0), (4, 0.0)])
def test_impossible_settings_are_errors(rows: int, sigma: float):
    with pytest.raises(ValueError, match="must be"):
        TrainableFourier(2, rows=rows, sigma=sigma)
