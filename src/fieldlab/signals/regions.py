"""Regions, where constraints hold: sets of training samples, and the space between them."""

from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from fieldlab.signals.grid import Grid
from fieldlab.signals.signal import Signal
from fieldlab.signals.splits import Split

SPACE = "space"  # anywhere in the unit cube: fresh points at every step, of which only coordinates are known


def of_grid(signal: Grid) -> dict[str, Bool[Tensor, "n"]]:
    """Masks of a grid's regions: `all`; `boundary`, the first and last samples of any axis; `mask`, what the signal marks."""
    inner = torch.zeros(signal.grid, dtype=torch.bool)
    inner[(slice(1, -1),) * signal.dim] = True
    found = {"all": torch.ones(signal.samples, dtype=torch.bool), "boundary": ~inner.flatten()}
    return found if signal.mask is None else {**found, "mask": signal.mask.flatten()}


def members_of(
    region: str, marked: Sequence[Mapping[str, Tensor]], signals: Sequence[Signal], splits: Sequence[Split]
) -> Int[Tensor, "m k"]:
    """The training samples of a region, by member; `marked` are the samples of each member's regions.

    Raises:
        ValueError: a region without training samples, or members whose regions differ in size.
    """
    found = [(split.train & of[region]).nonzero()[:, 0] for of, split in zip(marked, splits, strict=True)]
    for signal, index in zip(signals, found, strict=True):
        if not len(index):
            raise ValueError(f"the region {region} of {signal.name} has no training samples")
    if len({len(index) for index in found}) > 1:
        raise ValueError(f"these signals do not stack: their regions {region} differ in size")
    return torch.stack(found)
