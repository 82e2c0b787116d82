"""Spherical harmonics: scipy's, the addition theorem, and what they cannot do."""

import math

import pytest
import torch
from scipy.special import sph_harm_y

from fieldlab.encodings.spherical_harmonics import SphericalHarmonics


def directions(n: int = 50) -> torch.Tensor:
    return torch.nn.functional.normalize(torch.randn(n, 3, dtype=torch.float64), dim=-1)


def test_they_are_the_real_forms_of_scipys():
    x = directions()
    theta, phi = x[:, 2].acos().numpy(), torch.atan2(x[:, 1], x[:, 0]).numpy()
    features = SphericalHarmonics(3, degree=8)(x)
    column = 0
    for degree in range(8):
        for m in range(-degree, degree + 1):
            complex_one = sph_harm_y(degree, abs(m), theta, phi)  # with the phase of Condon and Shortley
            real = complex_one.real if m >= 0 else complex_one.imag
            expected = torch.from_numpy(real) * (math.sqrt(2) if m else 1)
            torch.testing.assert_close(features[:, column], expected, atol=1e-12, rtol=0)
            column += 1


def test_first_degrees_are_tiny_cuda_nns():
    x, y, z = 2 / 7, 3 / 7, 6 / 7
    expected = [0.28209479, -0.48860252 * y, 0.48860252 * z, -0.48860252 * x]
    found = SphericalHarmonics(3, degree=2)(torch.tensor([[x, y, z]]))
    torch.testing.assert_close(found, torch.tensor([expected]))


def test_addition_theorem():
    """The inner product of degree l is (2l + 1) / (4 pi) P_l(cos of the angle)."""
    a, b = directions(), directions()
    encoding = SphericalHarmonics(3, degree=4)
    cosine = (a * b).sum(-1)
    legendre = [torch.ones_like(cosine), cosine, (3 * cosine**2 - 1) / 2, (5 * cosine**3 - 3 * cosine) / 2]
    products = encoding(a) * encoding(b)
    for degree, polynomial in enumerate(legendre):
        inner = products[:, degree**2 : (degree + 1) ** 2].sum(-1)
        torch.testing.assert_close(inner, (2 * degree + 1) / (4 * math.pi) * polynomial)


def test_distance_does_not_matter_and_the_origin_is_finite():
    encoding = SphericalHarmonics(3, degree=5)
    x = directions()
    torch.testing.assert_close(encoding(x), encoding(7 * x))
    origin = torch.zeros(1, 3, requires_grad=True)
    encoding(origin).sum().backward()
    assert origin.grad is not None
    assert origin.grad.isfinite().all()


@pytest.mark.parametrize(("dim", "degree"), [(2, 4), (3, 0), (3, 9)])
def test_what_there_is_not_is_an_error(dim: int, degree: int):
    with pytest.raises(ValueError, match=r"directions in 3-D|from 1 to 8"):
        SphericalHarmonics(dim, degree=degree)
