"""Regions: sets of training samples over which a constraint holds."""

from collections.abc import Sequence

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from fieldlab.signals.grid import Signal
from fieldlab.signals.splits import Split


def names(signal: Signal) -> list[str]:
    """The regions that a signal on a grid has."""
    return ["all", "boundary", *(["mask"] if signal.mask is not None else [])]


def members_of(region: str, signals: Sequence[Signal], splits: Sequence[Split]) -> Int[Tensor, "m k"]:
    """The training samples of a region, by member.

    Raises:
        ValueError: a region without training samples, or members whose regions differ in size.
    """
    found = [
        (split.train & inside(region, signal)).nonzero()[:, 0] for signal, split in zip(signals, splits, strict=True)
    ]
    for signal, index in zip(signals, found, strict=True):
        if not len(index):
            raise ValueError(f"the region {region} of {signal.name} has no training samples")
    if len({len(index) for index in found}) > 1:
        raise ValueError(f"these signals do not stack: their regions {region} differ in size")
    return torch.stack(found)


def inside(region: str, signal: Signal) -> Bool[Tensor, "n"]:
    """`all`; `boundary`: the first and last samples of any axis; `mask`: what the signal marks."""
    if region == "mask" and signal.mask is not None:
        return signal.mask.flatten()
    if region == "boundary":
        inner = torch.zeros(signal.grid, dtype=torch.bool)
        inner[(slice(1, -1),) * signal.dim] = True
        return ~inner.flatten()
    return torch.ones(torch.Size(signal.grid).numel(), dtype=torch.bool)
