"""What constraints may read of signals on grids beside the coordinates: targets, their derivatives, their scales."""

from collections.abc import Callable, Collection, Mapping, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from fieldlab.signals import regions, stencils
from fieldlab.signals.grid import Grid
from fieldlab.signals.splits import Split
from fieldlab.signals.stencils import Stencil
from fieldlab.training.constraints import Constraint, check_constraints

Of = Callable[[Grid, Stencil], Float[Tensor, "n ..."]]


def target(signal: Grid, stencil: Stencil) -> Float[Tensor, "n c"]:
    return signal.values.flatten(0, -2)


def gradient(signal: Grid, stencil: Stencil) -> Float[Tensor, "n c dim"]:
    return stencils.gradient(signal, stencil).flatten(0, signal.dim - 1)


def laplacian(signal: Grid, stencil: Stencil) -> Float[Tensor, "n c"]:
    return stencils.laplacian(signal).flatten(0, signal.dim - 1)


TARGETS: Mapping[str, Of] = {"target": target, "target_gradient": gradient, "target_laplacian": laplacian}
SCALES = {"gradient_scale": "target_gradient", "laplacian_scale": "target_laplacian"}
KNOWN = (*TARGETS, *SCALES)  # all in canonical units
FROM_NEIGHBOURS = {*KNOWN} - {"target"}


def knowledge(names: Collection[str], signals: Sequence[Grid], stencil: Stencil) -> dict[str, Tensor]:
    """The data of these names, [m, n, …]; each target is computed once."""
    sources = {SCALES.get(name, name) for name in names}
    targets = {name: torch.stack([TARGETS[name](signal, stencil) for signal in signals]) for name in sources}
    return {name: scale(targets[SCALES[name]]) if name in SCALES else targets[name] for name in names}


def scale(targets: Float[Tensor, "m n ..."]) -> Float[Tensor, "m n ..."]:
    """The root mean square over each member's whole grid, at every sample; 1 where all is 0."""
    sizes = torch.stack([member.square().mean().sqrt() for member in targets])
    wide = torch.where(sizes > 0, sizes, 1).view(-1, *[1] * (targets.ndim - 1))
    return wide.expand(-1, targets.shape[1], *wide.shape[2:])


def measure_slopes(signal: Grid, split: Split, stencil: Stencil) -> Float[Tensor, "n"]:
    """|grad y| over axes and channels at the training samples, taken from these alone, which lie on a lattice; 0 at all others."""
    strides = split.lattice or ()
    values = signal.values[tuple(slice(None, None, stride) for stride in strides)]
    slopes = signal.values.new_zeros(len(split.train))
    slopes[split.train] = gradient(Grid(signal.name, values, signal.alignment), stencil).flatten(1).norm(dim=1)
    return slopes


def find_names(constraints: Mapping[str, Constraint], signal: Grid, split: Split) -> list[str]:
    """The names that constraints read; where one is a function, which does not say, all that need no held-out sample.

    Raises:
        ValueError: a region or name that is unknown; derivatives that would be taken from held-out samples.
    """
    check_constraints(constraints, [*regions.of_grid(signal), regions.SPACE], KNOWN, signal.dim)
    mentioned = {name for constraint in constraints.values() for name in constraint.names}
    silent = any(constraint.is_function for constraint in constraints.values())
    if FROM_NEIGHBOURS & mentioned and split.held_out:
        raise ValueError("derivatives of a signal are taken from neighbours, held-out ones too; add split=all")
    open_to_all = {name for name in KNOWN if silent and not (name in FROM_NEIGHBOURS and split.held_out)}
    return [name for name in KNOWN if name in mentioned | open_to_all]
