"""Chebyshev polynomials: cosines of multiples, numpy's, and their slopes at the borders."""

import numpy as np
import pytest
import torch

from fieldlab.encodings.chebyshev import Chebyshev, chebyshev


def test_values_at_tanh_one_half():
    values = torch.stack(chebyshev(torch.tanh(torch.tensor([0.5])), 4)).flatten()
    torch.testing.assert_close(
        values, torch.tensor([1, 0.462117, -0.572895, -0.991607, -0.343582]), atol=1e-6, rtol=0
    )


def test_they_are_numpys_and_cosines_of_multiples():
    x = torch.linspace(-1, 1, 31, dtype=torch.float64)
    features = Chebyshev(1, degree=20)(x[:, None])
    for k in range(1, 21):
        expected = np.polynomial.chebyshev.chebval(x.numpy(), [0] * k + [1])
        np.testing.assert_allclose(features[:, k - 1], expected, atol=1e-12)
        np.testing.assert_allclose(features[:, k - 1], np.cos(k * np.arccos(x.numpy())), atol=1e-12)


def test_the_slope_at_a_border_is_the_square_of_the_degree():
    x = torch.tensor([1.0], dtype=torch.float64, requires_grad=True)
    chebyshev(x, 9)[-1].backward()
    assert x.grad is not None
    assert x.grad.item() == pytest.approx(81)


def test_degree_nought_is_an_error():
    with pytest.raises(ValueError, match="degree must be at least 1, not 0"):
        Chebyshev(2, degree=0)
