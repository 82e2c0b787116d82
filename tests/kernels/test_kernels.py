"""Kernels of fields, and regression with them."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from sklearn.kernel_ridge import KernelRidge

import fieldlab
from fieldlab.config.compose import settle
from fieldlab.errors import InputError
from fieldlab.field import Field, build_field, draw, to_doubles
from fieldlab.kernels.encoding import Encoding
from fieldlab.kernels.feature_map import FeatureMap
from fieldlab.kernels.regression import regress
from fieldlab.kernels.tangent import Tangent
from fieldlab.tasks.kernel.learning import Learning, follow, octaves

DENSE = ["relu", "siren", "softplus", "positional", "gaussian", "one_blob", "cppn"]
OTHER = ["wire", "hash_grid_small", "finer", "mfn_gabor", "grid"]
SIZE = {
    "grid": ["field.network.vertices=8"],
    "hash_grid_small": ["field.encoding.levels=3", "field.network.width=16"],
}


def make_field(name: str, *overrides: str, channels: int = 3) -> Field:
    size = SIZE.get(name, ["field.network.width=16"])
    config = settle(fieldlab.compose(f"field={name}", *size, *overrides))
    field = draw(lambda: build_field(config["field"], dim=2, channels=channels), 0)
    return to_doubles(field).requires_grad_(False)


def points(n: int = 64) -> torch.Tensor:
    return torch.rand(n, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("field", DENSE)
def test_the_tangent_kernel_of_linear_layers_is_that_of_jacobians(field: str):
    kernel = Tangent(make_field(field))
    assert kernel.layers
    x = points()
    torch.testing.assert_close(kernel.gram_by_layers(x), kernel.gram_by_jacobians(x), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("field", [*DENSE[:2], *OTHER])
def test_sums_of_slopes_and_products_with_them_are_the_kernel(field: str):
    kernel = Tangent(make_field(field))
    x, alpha = points(), torch.randn(64, dtype=torch.float64)
    torch.testing.assert_close(kernel.push(x, kernel.pull(x, alpha)), kernel.gram(x) @ alpha, rtol=1e-8, atol=1e-10)


@pytest.mark.slow
def test_only_linear_layers_are_summed_up():
    assert all(Tangent(make_field(name)).layers for name in DENSE)
    assert not any(Tangent(make_field(name)).layers for name in ("wire", "hash_grid_small", "mfn_gabor", "grid"))


class Twice(torch.nn.Module):
    """A network that uses a layer twice."""

    def __init__(self, features: int, channels: int, *, width: int) -> None:
        super().__init__()
        self.first, self.inner = torch.nn.Linear(features, width), torch.nn.Linear(width, width)
        self.last = torch.nn.Linear(width, channels)

    def forward(self, h: torch.Tensor) -> torch.Tensor:
        return self.last(self.inner(self.inner(self.first(h).tanh()).tanh()).tanh())


def test_a_layer_that_is_used_twice_is_not_summed_up():
    field = make_field("tanh")
    field.network = Twice(2, 3, width=8).double().requires_grad_(False)
    kernel = Tangent(field)
    assert kernel.layers
    x, alpha = points(10), torch.randn(10, dtype=torch.float64)
    torch.testing.assert_close(kernel.gram(x) @ alpha, kernel.push(x, kernel.pull(x, alpha)))
    assert not kernel.layers


def test_the_kernel_of_one_layer_is_known():
    """By hand, for a ReLU network of one hidden layer and one channel."""
    field = make_field("relu", "field.network.depth=1", "field.output._target_=torch.nn.Identity", channels=1)
    x = points(20)
    first, last = Tangent(field).layers
    low, high = field.coordinates
    u = low + (high - low) * x
    z = u @ first.weight.T + first.bias
    slopes = (z > 0) * last.weight[0]
    by_hand = (u @ u.T + 1) * (slopes @ slopes.T) + (z.relu() @ z.relu().T + 1)
    scale = 1 / (field.values[1] - field.values[0])
    torch.testing.assert_close(Tangent(field).gram(x), scale**2 * by_hand)


def test_gaussian_features_tend_to_their_kernel():
    """rows exp(-2 pi^2 sigma^2 |x - x'|^2), in the field's own coordinates; half of 2 rows features."""
    field = make_field("gaussian", "field.encoding.rows=200000", "field.encoding.sigma=1.5")
    x = points(16)
    extent = field.coordinates[1] - field.coordinates[0]
    limit = 0.5 * torch.exp(-2 * math.pi**2 * 1.5**2 * extent**2 * torch.cdist(x, x).square())
    torch.testing.assert_close(Encoding(field).gram(x), limit, atol=5e-3, rtol=0)


def test_octaves_of_each_axis_have_a_kernel_of_cosines():
    field = make_field("positional", "field.encoding.include_coordinate=false", "field.encoding.num_octaves=4")
    x = points(16)
    low, high = field.coordinates
    u = low + (high - low) * x
    difference = u[:, None] - u
    cosines = torch.stack([torch.cos(2**octave * math.pi * difference).sum(-1) for octave in range(4)]).sum(0)
    torch.testing.assert_close(Encoding(field).gram(x), cosines / 16, rtol=1e-5, atol=1e-6)


class ByFeatures(FeatureMap):
    """Features given by a function, which are written down or not."""

    def __init__(self, phi: Callable[[torch.Tensor], torch.Tensor], few: bool) -> None:
        self.phi, self.few = phi, few

    def features(self, x: torch.Tensor) -> torch.Tensor | None:
        return self.phi(x) if self.few else None

    def pull(self, x: torch.Tensor, alpha: torch.Tensor) -> torch.Tensor:
        return self.phi(x).T @ alpha

    def push(self, x: torch.Tensor, theta: torch.Tensor) -> torch.Tensor:
        return self.phi(x) @ theta

    def gram(self, x: torch.Tensor) -> torch.Tensor:
        return self.phi(x) @ self.phi(x).T


def problem() -> tuple[Callable[[torch.Tensor], torch.Tensor], torch.Tensor, torch.Tensor]:
    encoding = Encoding(make_field("gaussian", "field.encoding.rows=40"))
    x = points(200)
    return encoding.features, x, torch.stack([x.sum(1).sin(), x.prod(1)], dim=1)


def test_features_samples_and_conjugate_gradients_come_to_the_same():
    phi, x, y = problem()
    ways = [
        regress(ByFeatures(phi, True), x, y, ridge=1e-4, most_exact=80, tolerance=1e-12),
        regress(ByFeatures(phi, False), x, y, ridge=1e-4, most_exact=200, tolerance=1e-12),
        regress(ByFeatures(phi, False), x, y, ridge=1e-4, most_exact=199, tolerance=1e-12),
    ]
    assert ["features" in way.how for way in ways] == [True, False, False]
    assert "conjugate" in ways[2].how
    assert ways[2].dimension is None
    assert ways[0].dimension == pytest.approx(ways[1].dimension, rel=1e-6)
    there = torch.rand(50, 2, dtype=torch.float64)
    v = torch.randn(200, dtype=torch.float64)
    for way in ways[1:]:
        torch.testing.assert_close(way.predict(there), ways[0].predict(there), rtol=1e-6, atol=1e-7)
        torch.testing.assert_close(way.product(v), ways[0].product(v))


def test_it_is_kernel_ridge_regression():
    phi, x, y = problem()
    kernel = ByFeatures(phi, False)
    ours = regress(kernel, x, y, ridge=1e-3, most_exact=200, tolerance=1e-6)
    there = torch.rand(50, 2, dtype=torch.float64)
    ridge = 1e-3 * kernel.gram(x).diagonal().mean().item()
    theirs = KernelRidge(alpha=ridge, kernel="precomputed").fit(kernel.gram(x).numpy(), (y - y.mean(0)).numpy())
    cross = (phi(there) @ phi(x).T).numpy()
    np.testing.assert_allclose(ours.predict(there).numpy(), theirs.predict(cross) + y.mean(0).numpy(), atol=1e-7)


def test_the_effective_dimension_counts_large_eigenvalues():
    phi, x, y = problem()
    kernel = ByFeatures(phi, False)
    found = regress(kernel, x, y, ridge=1e-3, most_exact=200, tolerance=1e-6)
    values = torch.linalg.eigvalsh(kernel.gram(x))
    amount = 1e-3 * kernel.gram(x).diagonal().mean()
    assert found.dimension == pytest.approx((values / (values + amount)).sum().item(), rel=1e-8)


def test_a_singular_kernel_asks_for_a_larger_ridge():
    x = points(50)
    with pytest.raises(InputError, match=r"task\.ridge: is too small"):
        regress(ByFeatures(lambda x: x, False), x, x[:, :1], ridge=1e-30, most_exact=50, tolerance=1e-6)
    with pytest.raises(InputError, match="should be positive"):
        regress(ByFeatures(lambda x: 0 * x, False), x, x[:, :1], ridge=1e-6, most_exact=50, tolerance=1e-6)


def test_gradient_descent_is_followed():
    """Against the matrix exponential, of a kernel whose eigenvectors are waves."""
    n = 16
    frequency = torch.fft.fftfreq(n, 1 / n, dtype=torch.float64).abs()
    values = 1 / (1 + frequency) ** 2
    circulant = torch.fft.ifft(torch.fft.fft(torch.eye(n, dtype=torch.complex128)) * values).real
    y = torch.randn(n, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    y -= y.mean()
    learning = follow(lambda v: circulant @ v, y, (n,), directions=16)
    assert learning.edges == [1, 2, 4, 8]
    largest = values[1:].max()  # the mean is no part of y
    for i, steps in enumerate(learning.steps):
        left = torch.linalg.matrix_exp(-circulant * steps / largest) @ y
        shares = (octaves(left[None], (n,))[1] / octaves(y[None], (n,))[1]).sqrt()[0]
        torch.testing.assert_close(learning.left[i], shares, atol=1e-8, rtol=1e-6)
    times = [learning.steps_until(i) for i in range(3)]
    assert times == sorted(times)  # type: ignore[type-var]
    assert learning.spectrum[0] == 1


def test_steps_lie_between_those_that_were_followed():
    """On a line over the logarithm of steps."""
    steps = torch.tensor([1.0, 2.0, 4.0, 8.0], dtype=torch.float64)
    left = (1 - 0.2 * steps.log2())[:, None]
    assert Learning(steps, [1], left, steps).steps_until(0, 0.5) == pytest.approx(2**2.5)
    assert Learning(steps, [1], left, steps).steps_until(0, 0.1) is None
    assert Learning(steps, [1], left, steps).steps_until(0, 1.0) == 1


def test_octaves_hold_all_power_but_the_mean():
    values = torch.randn(3, 12 * 8, dtype=torch.float64)
    edges, power = octaves(values, (12, 8))
    assert edges == [1, 2, 4]
    total = torch.fft.fftn(values.view(3, 12, 8), dim=(1, 2)).abs().square().flatten(1)
    torch.testing.assert_close(power.sum(1), total[:, 1:].sum(1))


def test_a_smooth_kernel_learns_coarse_octaves_first():
    side = torch.arange(16, dtype=torch.float64) / 16
    x = torch.stack(torch.meshgrid(side, side, indexing="ij"), dim=-1).flatten(0, 1)
    y = torch.randn(256, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    kernel = Encoding(make_field("gaussian", "field.encoding.sigma=1"))
    learning = follow(lambda v: kernel.gram(x) @ v, y - y.mean(), (16, 16), directions=64)
    assert learning.left[-1, 0] < 0.1 < learning.left[-1, -1]
