"""Everywhere: each sample is measured as it is, so that noise alone is in the way."""

import torch
from jaxtyping import Float
from torch import Tensor

from fieldlab.tasks.inverse.observations.observation import Local, Pictures, list_samples
from fieldlab.tasks.inverse.yardsticks import denoise


class Everywhere(Local):
    """A = 1. Yardsticks of pictures: total variation and non-local means, whose strengths are chosen from the noisy picture alone."""

    def __init__(self, *, grid: tuple[int, ...], channels: int) -> None:
        nowhere = torch.zeros(1, len(grid), dtype=torch.int64)
        super().__init__(grid, channels, list_samples(grid), nowhere, torch.ones(1))

    def draw(self, measured: Float[Tensor, "k w"]) -> Float[Tensor, "h v c"] | None:
        return measured.unflatten(0, self.grid) if len(self.grid) == 2 else None

    def yardsticks(self, measured: Float[Tensor, "k w"]) -> Pictures:
        values = measured.unflatten(0, self.grid)
        return {"as measured": values, **(denoise(values) if len(self.grid) == 2 else {})}
