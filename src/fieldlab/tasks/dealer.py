"""Dealer: who gives a task its batches, in the order in which each member would see them alone."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from lightning import LightningDataModule

from fieldlab.tasks.chunks import Chunks


class Dealer(LightningDataModule, ABC):
    """Batches for `steps` steps, scored at every `scored_every`-th and the last.

    Each member draws from its own generator, seeded by its own of `seeds`, on the device that computes. `start` is the
    step after which a fit begins: above 0 where it continues. Devices, `world` of them, know each its `rank`.

    Raises:
        ValueError: scores, the number of points on the curve, below 1.
    """

    def __init__(self, seeds: Sequence[int], *, steps: int, scores: int) -> None:
        super().__init__()
        if scores < 1:
            raise ValueError(f"scores, the number of points on the curve, must be at least 1, not {scores}")
        self.seeds = seeds
        self.steps = steps
        self.scored_every = -(-steps // scores)
        self.start = 0

    @abstractmethod
    def batches(self, steps: int) -> Iterator[Any]:
        """A batch for each of the next steps."""

    @property
    @abstractmethod
    def in_a_step(self) -> int:
        """How many parts of a step devices can share out."""

    def to(self, device: torch.device, rank: int, world: int) -> None:
        """Go to this device, one of `world`, and start each member's generator there."""
        self.device, self.rank, self.world = device, rank, world
        self.generators = [torch.Generator(device).manual_seed(seed) for seed in self.seeds]

    def forget(self) -> None:
        """Leave no batch half dealt."""

    def state(self) -> dict[str, Any]:
        """What the next batches depend on."""
        return {"generators": [generator.get_state() for generator in self.generators]}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Deal on from where `state` was taken."""
        for generator, inner in zip(self.generators, state["generators"], strict=True):
            generator.set_state(inner)

    @property
    def times_scored(self) -> int:
        return -(-self.steps // self.scored_every)

    def train_dataloader(self) -> Chunks:
        return Chunks(self.steps, self.scored_every, self.start)
