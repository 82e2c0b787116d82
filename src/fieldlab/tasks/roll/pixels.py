"""Batches of the pixels at which rolls are computed."""

from collections.abc import Iterator, Sequence

import torch
from jaxtyping import Int
from torch import Tensor

from fieldlab.training.batches import Batches


class PixelBatches(Batches):
    """For each step and member `batch_size` of the pixels, drawn with replacement; None: all of them, in order.

    Raises:
        ValueError: a batch size below 1.
    """

    def __init__(
        self,
        seeds: Sequence[int],
        *,
        pixels: Int[Tensor, "n"],
        batch_size: int | None,
        steps: int,
        scores: int,
    ) -> None:
        super().__init__(seeds, steps=steps, scores=scores)
        if batch_size is not None and batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, or null for all pixels, not {batch_size}")
        self.pixels = pixels
        self.batch_size = batch_size

    def to(self, device: torch.device, rank: int, world: int) -> None:
        super().to(device, rank, world)
        self.pixels = self.pixels.to(device)

    def batches(self, steps: int) -> Iterator[Int[Tensor, "m p"]]:
        for _ in range(steps):
            yield self.draw(self.batch_size)

    def draw(self, count: int | None) -> Int[Tensor, "m p"]:
        """So many random pixels for each member; None: all."""
        if count is None:
            return self.pixels.expand(len(self.seeds), -1)
        size = (len(self.pixels), (count,))
        return self.pixels[
            torch.stack([torch.randint(*size, generator=g, device=self.device) for g in self.generators])
        ]

    @property
    def samples_per_step(self) -> int:
        return self.batch_size or len(self.pixels)
