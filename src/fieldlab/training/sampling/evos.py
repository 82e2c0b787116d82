"""EVOS (Zhang et al. 2025, arXiv:2412.10153): the worst samples survive, and some others take the places of the rest."""

import torch
from jaxtyping import Int
from torch import Tensor

from fieldlab.training.sampling.sampling import Drawn, Sights, check_losses
from fieldlab.training.sampling.watching import Watching


class Evos(Watching):
    """A step sees the samples whose losses are largest, but for a share `mutation` of others, drawn without replacement; no weights: biased.

    Losses are seen at all samples, after `first_interval` steps at the beginning of training, after `last_interval` at its end, and in
    proportion between. A step's size is the task's batch_size, where the paper takes half of all pixels. Its frequency-guided crossover, a loss
    on the Laplacian of the picture, would couple points and is left out.

    Raises:
        ValueError: intervals below 1, a share that is none.
    """

    def __init__(self, *, first_interval: int, last_interval: int, mutation: float) -> None:
        if min(first_interval, last_interval) < 1:
            raise ValueError(f"intervals must be at least 1 step, not {first_interval} and {last_interval}")
        if not 0 <= mutation <= 1:
            raise ValueError(f"mutation is a share of a step's samples, from 0 to 1, not {mutation}")
        self.first_interval = first_interval
        self.last_interval = last_interval
        self.mutation = mutation

    def check(self, batch_size: int | None, sights: Sights) -> None:
        super().check(batch_size, sights)
        check_losses(sights)

    def count(self, batch_size: int, size: int) -> int:
        return min(batch_size, size)

    def look(self, region: str) -> Int[Tensor, "m k"]:
        """The samples of each member, the worst one first."""
        assert self.sights.losses
        return self.sights.losses(region).nan_to_num(torch.inf).argsort(dim=1, descending=True, stable=True)

    def interval(self, step: int) -> int:
        share = step / max(1, self.steps)
        return round(self.first_interval + share * (self.last_interval - self.first_interval))

    def choose(self, seen: Int[Tensor, "k"], count: int, generator: torch.Generator) -> Drawn:
        kept = count - round(self.mutation * count)
        others = torch.randperm(len(seen) - kept, generator=generator, device=seen.device)[: count - kept]
        return Drawn(torch.cat([seen[:kept], seen[kept:][others]]))
