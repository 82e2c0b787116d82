"""Uniform sampling, by shuffled epochs or afresh."""

from collections.abc import Iterator, Mapping
from typing import Any

import torch

from fieldlab.training.sampling.sampling import Drawn, Sampling, Sights


class Uniform(Sampling):
    """Every sample as often as any other: from a stream of shuffled epochs, or each batch drawn with `replacement`. Unbiased."""

    def __init__(self, *, replacement: bool) -> None:
        self.replacement = replacement

    def check(self, batch_size: int | None, sights: Sights) -> None:
        """All samples at each step are a uniform sample too."""

    def reset(self) -> None:
        empty = torch.empty(len(self.generators), 0, dtype=torch.long, device=self.device)
        self.leftover = dict.fromkeys(self.sizes, empty)

    def state(self) -> dict[str, Any]:
        return {"leftover": self.leftover}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.leftover = {region: left.to(self.device) for region, left in state["leftover"].items()}

    def count(self, batch_size: int, size: int) -> int:
        return batch_size if self.replacement else min(batch_size, size)

    def draw(self, region: str, count: int, steps: int) -> Iterator[Drawn]:
        total, wanted = self.sizes[region], steps * count
        if self.replacement:
            drawn = [torch.randint(total, (wanted,), generator=g, device=self.device) for g in self.generators]
            stream = torch.stack(drawn)
        else:
            leftover = self.leftover[region]
            epochs = -(-(wanted - leftover.shape[1]) // total)
            shuffled = [
                torch.cat([torch.randperm(total, generator=g, device=self.device) for _ in range(epochs)])
                if epochs > 0
                else leftover.new_empty(0)
                for g in self.generators
            ]
            stream = torch.cat([leftover, torch.stack(shuffled)], dim=1)
            self.leftover[region] = stream[:, wanted:]
        return map(Drawn, stream[:, :wanted].unflatten(1, (steps, -1)).unbind(1))
