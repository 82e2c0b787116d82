"""Batches: what each step of a task trains on, in the order in which each member would see it alone."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from lightning import LightningDataModule

from fieldlab.training.chunks import Chunks


class Batches(LightningDataModule, ABC):
    """Batches for `steps` steps, scored at every `scored_every`-th and the last.

    Each member draws from its own generator, seeded by its own of `seeds`, on the device that computes. `start` is the
    step after which a fit begins: above 0 where it continues. `world` is the number of devices, `rank` the number of this one.

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
    def samples_per_step(self) -> int:
        """Samples of each member in a step, which devices can share out."""

    def to(self, device: torch.device, rank: int, world: int) -> None:
        """Move to this device, one of `world`, and seed each member's generator there."""
        self.device, self.rank, self.world = device, rank, world
        self.generators = [torch.Generator(device).manual_seed(seed) for seed in self.seeds]

    def reset(self) -> None:
        """Drop what is left of batches that were drawn ahead."""

    @contextmanager
    def look_ahead(self) -> Iterator[Any]:
        """The batch of the first step, which will be drawn again."""
        before = [generator.get_state() for generator in self.generators]
        [batch] = self.batches(1)
        yield batch
        for generator, inner in zip(self.generators, before, strict=True):
            generator.set_state(inner)
        self.reset()

    def state(self) -> dict[str, Any]:
        """What the next batches depend on."""
        return {"generators": [generator.get_state() for generator in self.generators]}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continue from where `state` was taken."""
        for generator, inner in zip(self.generators, state["generators"], strict=True):
            generator.set_state(inner)

    @property
    def num_scores(self) -> int:
        """How often the task is scored."""
        return -(-self.steps // self.scored_every)

    def train_dataloader(self) -> Chunks:
        return Chunks(self.steps, self.scored_every, self.start)
