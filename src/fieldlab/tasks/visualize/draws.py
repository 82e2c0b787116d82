"""Draws: the random numbers of a visualisation's transforms."""

from collections.abc import Iterator, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from fieldlab.training.batches import Batches


class Draws(Batches):
    """For each step, member, copy and image `numbers` numbers, uniform in [0, 1)."""

    def __init__(
        self, seeds: Sequence[int], *, copies: int, images: int, numbers: int, steps: int, scores: int
    ) -> None:
        super().__init__(seeds, steps=steps, scores=scores)
        if copies < 1:
            raise ValueError(f"copies must be at least 1, not {copies}")
        self.shape = (copies, images, numbers)

    def batches(self, steps: int) -> Iterator[Float[Tensor, "m copies n k"]]:
        for _ in range(steps):
            drawn = [torch.rand(self.shape, generator=g, device=self.device) for g in self.generators]
            yield torch.stack(drawn)

    @property
    def samples_per_step(self) -> int:
        return 1
