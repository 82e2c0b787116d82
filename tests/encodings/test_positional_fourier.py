"""The positional encoding of the Fourier features paper: 2^s - 1 along each axis, s evenly spaced."""

import math

import pytest
import torch

from fieldlab.encodings.positional_fourier import PositionalFourier


def test_frequencies_lie_along_the_axes_from_zero_to_two_to_the_scale():
    B = PositionalFourier(2, rows=10, scale=6.0).frequencies
    along = [2 ** (6 * i / 4) - 1 for i in range(5)]  # 0, 1.83, 7, 21.6, 63
    expected = torch.tensor([along + [0] * 5, [0] * 5 + along])
    torch.testing.assert_close(B, expected)


def test_features_by_hand():
    encoding = PositionalFourier(1, rows=2, scale=2.0)  # frequencies 0 and 3
    x = 0.1
    expected = [1, math.cos(2 * math.pi * 3 * x), 0, math.sin(2 * math.pi * 3 * x)]
    torch.testing.assert_close(encoding(torch.tensor([[x]])), torch.tensor([expected]), atol=1e-6, rtol=0)


def test_rows_are_shared_out_among_the_axes():
    assert PositionalFourier(2, rows=256, scale=6.0).features == 512
    assert PositionalFourier(3, rows=256, scale=6.0).features == 2 * 3 * 85


@pytest.mark.parametrize(("rows", "scale"), [(3, 6.0), (8, 0.0), (8, -1.0)])
def test_too_few_rows_or_no_scale_is_an_error(rows: int, scale: float):
    with pytest.raises(ValueError, match=r"must be (at least 4|positive)"):
        PositionalFourier(2, rows=rows, scale=scale)
