"""What constraints may ask of signals on grids, beside the coordinates: targets, their derivatives, their scales."""

from collections.abc import Callable, Collection, Mapping, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from fieldlab.signals import stencils
from fieldlab.signals.grid import Signal
from fieldlab.signals.stencils import Stencil

FROM_NEIGHBOURS = {"target_gradient", "target_laplacian", "gradient_scale", "laplacian_scale"}


def known(signal: Signal, stencil: Stencil) -> Mapping[str, Callable[[], Float[Tensor, "n ..."]]]:
    """By name: `target` [n, c], `target_gradient` [n, c, dim], `target_laplacian` [n, c], all in canonical units, and
    `gradient_scale`, `laplacian_scale`, the root mean square of these over the whole grid."""
    dim = signal.dim

    def gradient() -> Tensor:
        return stencils.gradient(signal, stencil).flatten(0, dim - 1)

    def laplacian() -> Tensor:
        return stencils.laplacian(signal).flatten(0, dim - 1)

    return {
        "target": lambda: signal.values.flatten(0, -2),
        "target_gradient": gradient,
        "target_laplacian": laplacian,
        "gradient_scale": lambda: scale(gradient()),
        "laplacian_scale": lambda: scale(laplacian()),
    }


def scale(tensor: Float[Tensor, "n ..."]) -> Float[Tensor, "n ..."]:
    """The root mean square, at every sample; 1 where all is 0."""
    size = tensor.square().mean().sqrt()
    return torch.where(size > 0, size, 1).expand(len(tensor), *[1] * (tensor.ndim - 1))


def knowledge(names: Collection[str], signals: Sequence[Signal], stencil: Stencil) -> dict[str, Tensor]:
    """What these names stand for, [m, n, …]."""
    return {name: torch.stack([known(signal, stencil)[name]() for signal in signals]) for name in names}
