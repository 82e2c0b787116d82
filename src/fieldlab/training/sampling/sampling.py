"""Sampling: which samples of a region each step sees, and how much each of them counts."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

Sight = Callable[[str], Float[Tensor, "m k"]]  # a number for each sample of a region


@dataclass(frozen=True)
class Sights:
    """What a sampling may look at: the losses at samples, by the fields of now, and how steep the signals are; None what cannot be known."""

    losses: Sight | None = None
    slopes: Sight | None = None


class Drawn(NamedTuple):
    """Which samples of a region a step sees, and their weights; None where each counts as much as another."""

    index: Int[Tensor, "m b"]
    weights: Float[Tensor, "m b"] | None = None


class Sampling(ABC):
    """Draws from the samples of regions, for every member from its own generator, so that it sees what it would see alone.

    A loss is the mean over a step's samples of weight times cost. It is unbiased where its expectation is the mean over all of them.
    """

    def check(self, batch_size: int | None, sights: Sights) -> None:
        """Whether this sampling can be done.

        Raises:
            ValueError: it takes a part of the samples, and all of them are asked for.
        """
        if batch_size is None:
            raise ValueError("batch_size null takes all samples at each step; a sampling that chooses needs a number")

    def begin(
        self,
        sizes: Mapping[str, int],
        generators: Sequence[torch.Generator],
        device: torch.device,
        steps: int,
        sights: Sights,
    ) -> None:
        """Before a training of so many steps: regions of these `sizes`, drawn from on this device."""
        self.sizes, self.generators, self.device, self.steps, self.sights = sizes, generators, device, steps, sights
        self.reset()

    @abstractmethod
    def reset(self) -> None:
        """Forget what earlier steps have left."""

    @abstractmethod
    def state(self) -> dict[str, Any]:
        """What the next steps depend on, beside the generators."""

    @abstractmethod
    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from where `state` was taken."""

    def count(self, batch_size: int, size: int) -> int:
        """How many of a region's `size` samples a step sees where so many are asked for."""
        return batch_size

    @abstractmethod
    def draw(self, region: str, count: int, steps: int) -> Iterator[Drawn]:
        """`count` samples of a region for each of the next steps."""


def check_losses(sights: Sights) -> None:
    """Whether each sample has a loss of its own.

    Raises:
        ValueError: residuals that do not belong to single samples.
    """
    if sights.losses is None:
        raise ValueError(
            "a residual is a function, which need not be about each point alone, so that single samples have no loss; take sampling=uniform"
        )
