"""Stencils: a signal's own derivatives from neighbouring samples, in canonical units: per side of the unit cube."""

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from fieldlab.signals.grid import Grid

Stencil = Literal["central", "sobel"]


def gradient(signal: Grid, stencil: Stencil) -> Float[Tensor, "*grid c dim"]:
    """d y / d x_j at every sample.

    `central`: (y[i+1] - y[i-1]) / 2 h, and the one-sided difference at the border; exact for linear signals, and of
    order h^2 inside. `sobel`: the same, smoothed by [1, 2, 1] / 4 along the other axes. Signals that bring their own
    gradients keep them.
    """
    if signal.gradients is not None:
        return signal.gradients
    values = signal.values.double()
    along = [difference(values, axis, h) for axis, h in enumerate(signal.spacing)]
    if stencil == "sobel":
        for axis in range(signal.dim):
            for other in set(range(signal.dim)) - {axis}:
                along[axis] = smooth(along[axis], other)
    return torch.stack(along, dim=-1).float()


def laplacian(signal: Grid) -> Float[Tensor, "*grid c"]:
    """sum_j (y[i+1] - 2 y[i] + y[i-1]) / h_j^2; at the border as one sample further in. Needs three samples an axis.

    Of a signal that brings its own gradients, their divergence by central differences.
    """
    if signal.gradients is not None:
        v = signal.gradients.double().unbind(-1)
        return torch.stack([difference(v[j], j, h) for j, h in enumerate(signal.spacing)]).sum(0).float()
    if min(signal.grid) < 3:
        raise ValueError(f"{signal.name} has fewer than 3 samples along an axis: too few for a second derivative")
    values = signal.values.double()
    total = torch.zeros_like(values)
    for axis, h in enumerate(signal.spacing):
        inner = values.diff(n=2, dim=axis) / h**2
        first, last = inner.narrow(axis, 0, 1), inner.narrow(axis, inner.shape[axis] - 1, 1)
        total += torch.cat([first, inner, last], dim=axis)
    return total.float()


def difference(values: Float[Tensor, "*grid c"], axis: int, h: float) -> Float[Tensor, "*grid c"]:
    """Central differences along an axis, one-sided at its ends."""
    [slope] = torch.gradient(values, spacing=h, dim=axis)
    return slope


def smooth(values: Float[Tensor, "*grid c"], axis: int) -> Float[Tensor, "*grid c"]:
    """[1, 2, 1] / 4 along an axis; the border repeats."""
    n = values.shape[axis]
    index = torch.arange(n)
    before, after = (values.index_select(axis, (index + step).clamp(0, n - 1)) for step in (-1, 1))
    return (before + 2 * values + after) / 4
