"""Gaussian Fourier features: the kernel in closed form."""

import math

import pytest
import torch

from fieldlab.encodings.gaussian import GaussianFourier


@pytest.mark.parametrize("sigma", [0.5, 2.0, 10.0])
def test_kernel_is_gaussian_with_the_reciprocal_width(sigma: float):
    rows = 1 << 17
    encoding = GaussianFourier(2, rows=rows, sigma=sigma, seed=None)
    x = torch.rand(1, 2)
    shifts = torch.linspace(0, 0.6 / sigma, 7)[:, None] * torch.tensor([[0.6, 0.8]])
    kernel = (encoding(x) * encoding(x + shifts)).sum(-1) / rows
    expected = torch.exp(-2 * math.pi**2 * sigma**2 * shifts.square().sum(-1))
    # a mean of `rows` cosines has a standard error of at most 1 / sqrt(2 rows)
    torch.testing.assert_close(kernel, expected, atol=5 / math.sqrt(2 * rows), rtol=0)


def test_entries_are_normal_with_deviation_sigma():
    entries = GaussianFourier(2, rows=1 << 16, sigma=7.0, seed=None).frequencies.flatten()
    assert entries.mean().abs() < 5 * 7 / math.sqrt(entries.numel())
    assert (entries.std() - 7).abs() < 5 * 7 / math.sqrt(2 * entries.numel())
    assert ((entries / 7) ** 4).mean().item() == pytest.approx(3, abs=0.15)  # the normal distribution's kurtosis


def test_every_feature_pair_lies_on_the_unit_circle():
    cos, sin = GaussianFourier(3, rows=20, sigma=4.0, seed=None)(torch.rand(10, 3)).chunk(2, dim=-1)
    torch.testing.assert_close(cos.square() + sin.square(), torch.ones(10, 20))


@pytest.mark.parametrize(("rows", "sigma"), [(0, 1.0), (4, 0.0), (4, -1.0)])
def test_empty_or_negative_bandwidth_is_an_error(rows: int, sigma: float):
    with pytest.raises(ValueError, match=r"must be (at least 1|positive), not"):
        GaussianFourier(2, rows=rows, sigma=sigma, seed=None)


def test_a_seed_of_its_own_draws_the_same_rows_in_every_fit():
    shared = [GaussianFourier(2, rows=8, sigma=3.0, seed=10).frequencies for _ in range(2)]
    own = [GaussianFourier(2, rows=8, sigma=3.0, seed=None).frequencies for _ in range(2)]
    assert torch.equal(*shared)
    assert not torch.equal(*own)
    torch.testing.assert_close(GaussianFourier(2, rows=8, sigma=6.0, seed=10).frequencies, 2 * shared[0])
