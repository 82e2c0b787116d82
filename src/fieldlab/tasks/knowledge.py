"""What constraints may ask of signals on grids, beside the coordinates: targets, their derivatives, their scales."""

from collections.abc import Callable, Collection, Mapping, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from fieldlab.signals import regions, stencils
from fieldlab.signals.grid import Signal
from fieldlab.signals.splits import Split
from fieldlab.signals.stencils import Stencil
from fieldlab.tasks.constraints import Constraint, check_constraints

Of = Callable[[Signal, Stencil], Float[Tensor, "n ..."]]

FROM_NEIGHBOURS = {"target_gradient", "target_laplacian", "gradient_scale", "laplacian_scale"}


def target(signal: Signal, stencil: Stencil) -> Float[Tensor, "n c"]:
    return signal.values.flatten(0, -2)


def gradient(signal: Signal, stencil: Stencil) -> Float[Tensor, "n c dim"]:
    return stencils.gradient(signal, stencil).flatten(0, signal.dim - 1)


def laplacian(signal: Signal, stencil: Stencil) -> Float[Tensor, "n c"]:
    return stencils.laplacian(signal).flatten(0, signal.dim - 1)


def scale(tensor: Float[Tensor, "n ..."]) -> Float[Tensor, "n ..."]:
    """The root mean square over the whole grid, at every sample; 1 where all is 0."""
    size = tensor.square().mean().sqrt()
    return torch.where(size > 0, size, 1).expand(len(tensor), *[1] * (tensor.ndim - 1))


KNOWN: Mapping[str, Of] = {  # all in canonical units
    "target": target,
    "target_gradient": gradient,
    "target_laplacian": laplacian,
    "gradient_scale": lambda signal, stencil: scale(gradient(signal, stencil)),
    "laplacian_scale": lambda signal, stencil: scale(laplacian(signal, stencil)),
}


def knowledge(names: Collection[str], signals: Sequence[Signal], stencil: Stencil) -> dict[str, Tensor]:
    """What these names stand for, [m, n, …]."""
    return {name: torch.stack([KNOWN[name](signal, stencil) for signal in signals]) for name in names}


def needed(constraints: Mapping[str, Constraint], signal: Signal, split: Split) -> list[str]:
    """The names that constraints read; where one is a function, which does not say, all that no held-out sample enters.

    Raises:
        ValueError: a region or name that is unknown; derivatives that would be taken from held-out samples.
    """
    check_constraints(constraints, regions.names(signal), KNOWN, signal.dim)
    mentioned = {name for constraint in constraints.values() for name in constraint.names}
    silent = any(constraint.is_function for constraint in constraints.values())
    if FROM_NEIGHBOURS & mentioned and split.held_out:
        raise ValueError("derivatives of a signal are taken from neighbours, held-out ones too; add split=all")
    open_to_all = {name for name in KNOWN if silent and not (name in FROM_NEIGHBOURS and split.held_out)}
    return [name for name in KNOWN if name in mentioned | open_to_all]
