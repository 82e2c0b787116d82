"""Batches of pixels: at which pixels rolls are looked at."""

from collections.abc import Iterator, Sequence

import torch
from jaxtyping import Int
from torch import Tensor

from fieldlab.tasks.dealer import Dealer


class PixelBatches(Dealer):
    """For each step and member `batch_size` of the places, drawn with replacement; None: all of them, in order.

    Raises:
        ValueError: a batch size below 1.
    """

    def __init__(
        self,
        seeds: Sequence[int],
        *,
        places: Int[Tensor, "n"],
        batch_size: int | None,
        steps: int,
        scores: int,
    ) -> None:
        super().__init__(seeds, steps=steps, scores=scores)
        if batch_size is not None and batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, or null for all pixels, not {batch_size}")
        self.places = places
        self.batch_size = batch_size

    def to(self, device: torch.device, rank: int, world: int) -> None:
        super().to(device, rank, world)
        self.places = self.places.to(device)

    def batches(self, steps: int) -> Iterator[Int[Tensor, "m p"]]:
        for _ in range(steps):
            yield self.drawn(self.batch_size)

    def drawn(self, count: int | None) -> Int[Tensor, "m p"]:
        """So many places for each member; None: all."""
        if count is None:
            return self.places.expand(len(self.seeds), -1)
        size = (len(self.places), (count,))
        return self.places[
            torch.stack([torch.randint(*size, generator=g, device=self.device) for g in self.generators])
        ]

    @property
    def in_a_step(self) -> int:
        return self.batch_size or len(self.places)
