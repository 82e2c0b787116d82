"""One-blob encoding: tiny-cuda-nn's values, and the bump that the shares are shares of."""

import pytest
import torch
from scipy import integrate

from fieldlab.encodings.one_blob import OneBlob, integrate_bump


@pytest.mark.parametrize(
    ("x", "expected"), [(0.3, [0.31744, 0.67400, 0.00856, 0]), (0.02, [0.574078, 0.000602, 0, 0.425319])]
)
def test_values_of_tiny_cuda_nn(x: float, expected: list[float]):
    features = OneBlob(1, bins=4)(torch.tensor([[x]]))
    torch.testing.assert_close(features, torch.tensor([expected]), atol=1e-5, rtol=0)


def test_the_polynomial_is_the_integral_of_the_kernel():
    for u in (-1.3, -0.4, 0.0, 0.7, 1.5):
        area, _ = integrate.quad(lambda v: 15 / 16 * (1 - v**2) ** 2 * (abs(v) < 1), -1, u, points=[-1, 1])
        assert integrate_bump(torch.tensor([u], dtype=torch.float64)).item() == pytest.approx(area, abs=1e-7)


def test_shares_of_an_axis_are_one_whole_each_axis_by_itself():
    x = torch.rand(20, 3)
    features = OneBlob(3, bins=16)(x).unflatten(-1, (3, 16))
    torch.testing.assert_close(features.sum(-1), torch.ones(20, 3))
    torch.testing.assert_close(features[:, 1], OneBlob(1, bins=16)(x[:, 1:2]))


def test_one_bin_is_no_code():
    with pytest.raises(ValueError, match="bins must be at least 2, not 1"):
        OneBlob(2, bins=1)
