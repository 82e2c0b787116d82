"""How gradient descent under a kernel learns: which frequencies when."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from fieldlab.tasks.fit.octaves import split_octaves

POINTS = 25  # in time
LEAST_WEIGHT = 1e-20  # of an eigenvector in the samples: what is less is rounding


@dataclass(frozen=True)
class Learning:
    """What is left of each octave of the training samples: `left` [times, octaves], as a share of its amplitude, after so many `steps`.

    An octave holds the frequencies from `edges` to twice as many periods a side. `spectrum` are the kernel's eigenvalues, as far as
    they were found, the largest one 1.
    """

    steps: Float[Tensor, "t"]
    edges: list[int]
    left: Float[Tensor, "t octaves"]
    spectrum: Float[Tensor, "k"]

    def steps_until(self, octave: int, share: float = 0.5) -> float | None:
        """After how many steps a share is left, on a line between the logarithms of those that were followed; None where that is later."""
        reached = (self.left[:, octave] <= share).nonzero()
        if not len(reached):
            return None
        i = int(reached[0, 0])
        if i == 0:
            return self.steps[0].item()
        before, after = self.left[i - 1 : i + 1, octave].tolist()
        part = (before - share) / (before - after)
        return (self.steps[i - 1] * (self.steps[i] / self.steps[i - 1]) ** part).item()


def follow(
    product: Callable[[Tensor], Tensor], y: Float[Tensor, "n"], lattice: tuple[int, ...], *, directions: int
) -> Learning:
    """The residuals exp(-K t) y of gradient flow for samples y on a lattice of this shape, the limit of gradient descent in small steps.

    A step is the time 1 / (largest eigenvalue) here, half of the longest step with which gradient descent would not diverge.

    By Lanczos' method in the space of y, K y, K^2 y, …: with k `directions` exact as long as no eigenvalue that it has not found matters, about k^2
    steps.
    """
    basis, diagonal, beside = span(product, y, directions)
    tridiagonal = torch.diag(diagonal) + torch.diag(beside, 1) + torch.diag(beside, -1)
    values, vectors = torch.linalg.eigh(tridiagonal)
    seen = vectors[0].square() > LEAST_WEIGHT
    values, vectors = values[seen], vectors[:, seen]
    values = values.clamp_min(0) / values[-1]
    steps = torch.logspace(0, 2 * math.log10(len(diagonal)), POINTS, dtype=y.dtype)
    weights = vectors[0] * torch.exp(-steps[:, None] * values)  # [t, k]
    residuals = y.norm() * (weights @ vectors.T) @ basis.T
    edges, now = octaves(y[None], lattice)
    _, left = octaves(residuals, lattice)
    return Learning(steps, edges, (left / now).sqrt(), values.flip(0))


def span(product: Callable[[Tensor], Tensor], y: Float[Tensor, "n"], most: int) -> tuple[Tensor, Tensor, Tensor]:
    """Lanczos: an orthonormal basis [n, k], and the diagonals of the matrix that the kernel is in it."""
    basis, diagonal, beside = [y / y.norm()], [], []
    for _ in range(min(most, len(y))):
        image = product(basis[-1])
        diagonal.append(image @ basis[-1])
        known = torch.stack(basis, dim=1)
        for _ in range(2):  # once leaves rounding errors that grow
            image = image - known @ (known.T @ image)
        size = image.norm()
        if size <= 1e-10 * diagonal[0].abs() or len(diagonal) == most:
            break
        beside.append(size)
        basis.append(image / size)
    k = len(diagonal)
    return (
        torch.stack(basis[:k], dim=1),
        torch.stack(diagonal),
        torch.stack(beside[: k - 1]) if k > 1 else y.new_zeros(0),
    )


def octaves(values: Float[Tensor, "t n"], lattice: tuple[int, ...]) -> tuple[list[int], Float[Tensor, "t octaves"]]:
    """The power in each octave of frequencies, by the largest number of periods along any axis; the mean is in none."""
    power = (
        torch.fft.fftn(values.unflatten(1, lattice), dim=list(range(1, len(lattice) + 1))).abs().square().flatten(1)
    )
    lows, parts = split_octaves(lattice)
    return lows, torch.stack([power[:, part.flatten()].sum(1) for part in parts], dim=1)
