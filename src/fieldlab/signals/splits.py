"""Splits: which samples of a grid train, which validate, which test."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool
from torch import Tensor


@dataclass(frozen=True)
class Split:
    """Masks over the grid, flat with the last axis fastest.

    `lattice` are the strides of the training samples where they form a regular grid that starts at the first
    sample, None where they are scattered.
    """

    train: Bool[Tensor, "n"]
    validation: Bool[Tensor, "n"]
    test: Bool[Tensor, "n"]
    lattice: tuple[int, ...] | None

    def __post_init__(self) -> None:
        for part, mask in (("training", self.train), ("test", self.test)):
            if not mask.any():
                raise ValueError(f"no {part} samples are left: the grid is too small for this split")

    @property
    def held_out(self) -> bool:
        """Whether the test samples are others than those trained on."""
        return not bool((self.test & self.train).any())


def stride(grid: tuple[int, ...]) -> Split:
    """Train on the even, test on the odd positions of every axis at once; the rest validates.

    For an image: train [::2, ::2], test [1::2, 1::2] (the protocol of Tancik et al. 2020). Audio has no rest.
    """
    odd = parities(grid)
    train, test = (~odd).all(-1), odd.all(-1)
    return Split(train, ~train & ~test, test, lattice=(2,) * len(grid))


def checkerboard(grid: tuple[int, ...]) -> Split:
    """Train on every alternate sample, like the fields of one colour; the others validate and test alternately."""
    train = parities(grid).sum(-1) % 2 == 0
    return Split(train, *alternate(~train), lattice=(2,) if len(grid) == 1 else None)


def columns(grid: tuple[int, ...]) -> Split:
    """Train on every second position of the last axis; the others validate and test alternately."""
    train = ~parities(grid)[:, -1]
    return Split(train, *alternate(~train), lattice=(1,) * (len(grid) - 1) + (2,))


def random(grid: tuple[int, ...], *, fraction: float, seed: int) -> Split:
    """Train on a random `fraction` of the samples, drawn with `seed`; the others validate and test by halves."""
    if not 0 < fraction < 1:
        raise ValueError(f"fraction must be between 0 and 1, not {fraction}")
    total = torch.Size(grid).numel()
    order = torch.randperm(total, generator=torch.Generator().manual_seed(seed))
    taken = round(fraction * total)
    middle = taken + (total - taken) // 2
    train, validation, test = (torch.zeros(total, dtype=torch.bool) for _ in range(3))
    train[order[:taken]] = True
    validation[order[taken:middle]] = True
    test[order[middle:]] = True
    return Split(train, validation, test, lattice=None)


def everything(grid: tuple[int, ...]) -> Split:
    """Train and test on every sample, to see how well the field memorises; nothing validates."""
    whole = torch.ones(torch.Size(grid).numel(), dtype=torch.bool)
    return Split(whole, ~whole, whole, lattice=(1,) * len(grid))


def parities(grid: tuple[int, ...]) -> Bool[Tensor, "n dim"]:
    """Whether each sample's index along each axis is odd."""
    axes = torch.meshgrid(*(torch.arange(size) % 2 == 1 for size in grid), indexing="ij")
    return torch.stack(axes, dim=-1).flatten(0, -2)


def alternate(mask: Bool[Tensor, "n"]) -> tuple[Bool[Tensor, "n"], Bool[Tensor, "n"]]:
    """The marked samples, alternately in reading order, as two masks."""
    turn = mask.cumsum(0) % 2 == 1
    return mask & turn, mask & ~turn
