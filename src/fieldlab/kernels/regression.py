"""Kernel regression: the function of a kernel's space that comes nearest to training samples."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from scipy.sparse.linalg import LinearOperator, cg
from torch import Tensor

from fieldlab.errors import InputError
from fieldlab.kernels.feature_map import FeatureMap

SAMPLED = 64  # points over which the mean of k(x, x) is taken
MOST_ITERATIONS = 2000  # of conjugate gradients


@dataclass(frozen=True)
class Regression:
    """f(x) = mean + phi(x) . theta, one theta for each channel, which minimises sum_i |f(x_i) - y_i|^2 + ridge |theta|^2.

    `product` is what the kernel's matrix of the training samples makes of a vector. `dimension` is the effective one, tr K (K + ridge)^-1;
    None where nothing was solved exactly. `how` says how it was solved.
    """

    kernel: FeatureMap
    theta: list[Any]
    mean: Float[Tensor, "c"]
    product: Callable[[Tensor], Tensor]
    dimension: float | None
    how: str

    def predict(self, x: Float[Tensor, "n dim"]) -> Float[Tensor, "n c"]:
        """f at points."""
        return torch.stack([self.kernel.push(x, theta) for theta in self.theta], dim=1) + self.mean


def regress(
    kernel: FeatureMap,
    x: Float[Tensor, "n dim"],
    y: Float[Tensor, "n c"],
    *,
    ridge: float,
    most_exact: int,
    tolerance: float,
) -> Regression:
    """Solve for the features where they are fewer than the samples, else for the samples: exactly up to `most_exact` of them, beyond by conjugate gradients.

    `ridge` is relative to the mean of k(x_i, x_i).

    Raises:
        InputError: a kernel that is zero, or no number.
    """
    mean = y.mean(0)
    around = y - mean
    some = x[torch.linspace(0, len(x) - 1, min(SAMPLED, len(x))).long()]
    amount = ridge * kernel.gram(some).diagonal().mean()
    if not amount > 0:
        raise InputError(f"kernel: its mean over points is {amount / ridge:g}; it should be positive")
    phi = kernel.features(x)
    if phi is not None and phi.shape[1] <= min(len(x), most_exact):
        return solve_features(kernel, phi, around, mean, amount)
    if kernel.can_write_down(len(x), most_exact):
        return solve_samples(kernel, x, around, mean, amount)
    return descend(kernel, x, around, mean, amount, tolerance)


def solve_features(kernel: FeatureMap, phi: Tensor, around: Tensor, mean: Tensor, ridge: Tensor) -> Regression:
    """(phi^T phi + ridge) theta = phi^T y."""
    gram = phi.T @ phi
    factor = decompose(gram, ridge)
    theta = torch.cholesky_solve(phi.T @ around, factor)
    dimension = gram.shape[0] - ridge * torch.cholesky_inverse(factor).diagonal().sum()
    return Regression(
        kernel,
        list(theta.T),
        mean,
        lambda v: phi @ (phi.T @ v),
        dimension.item(),
        f"{phi.shape[1]:,} features, exactly",
    )


def solve_samples(kernel: FeatureMap, x: Tensor, around: Tensor, mean: Tensor, ridge: Tensor) -> Regression:
    """(K + ridge) alpha = y, theta = sum_i phi(x_i) alpha_i."""
    gram = kernel.gram(x)
    factor = decompose(gram, ridge)
    alpha = torch.cholesky_solve(around, factor)
    inverse = torch.linalg.solve_triangular(factor, torch.eye(len(x), dtype=x.dtype), upper=False)
    dimension = len(x) - ridge * inverse.square().sum()
    theta = [kernel.pull(x, column) for column in alpha.T]
    return Regression(kernel, theta, mean, lambda v: gram @ v, dimension.item(), f"{len(x):,} samples, exactly")


def decompose(gram: Tensor, ridge: Tensor) -> Tensor:
    """The Cholesky factor of gram + ridge.

    Raises:
        InputError: rounding errors of the kernel are larger than the ridge.
    """
    shifted = gram.clone()
    shifted.diagonal().add_(ridge)
    factor, failed = torch.linalg.cholesky_ex(shifted)
    if failed or not factor.isfinite().all():
        raise InputError("task.ridge: is too small for this kernel, whose matrix is singular; take ten times as much")
    return factor


def descend(
    kernel: FeatureMap, x: Tensor, around: Tensor, mean: Tensor, ridge: Tensor, tolerance: float
) -> Regression:
    """(K + ridge) alpha = y by conjugate gradients, K never written down."""
    iterations = 0

    def product(v: Tensor) -> Tensor:
        return kernel.push(x, kernel.pull(x, v))

    def apply(v: Any) -> Any:
        nonlocal iterations
        iterations += 1
        given = torch.as_tensor(v.reshape(-1))
        return (product(given) + ridge * given).numpy()

    operator = LinearOperator((len(x), len(x)), matvec=apply, dtype="float64")  # type: ignore[call-arg]
    columns = []
    for column in around.T:
        alpha, left = cg(operator, column.contiguous().numpy(), rtol=tolerance, maxiter=MOST_ITERATIONS)
        if left:
            raise InputError(
                f"task.tolerance: {tolerance} is not reached in {MOST_ITERATIONS:,} iterations; take a larger one, or a larger task.ridge"
            )
        columns.append(kernel.pull(x, torch.as_tensor(alpha)))
    return Regression(
        kernel, columns, mean, product, None, f"{len(x):,} samples, {iterations:,} products in conjugate gradients"
    )
