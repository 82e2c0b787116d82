"""Samplings that look at every sample of a region now and then, and keep in mind what they have seen."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from jaxtyping import Shaped
from torch import Tensor

from fieldlab.training.sampling.sampling import Drawn, Sampling


class Watching(Sampling):
    """Draws by what is `seen` of each sample, at the first step and whenever it is time to look again."""

    def reset(self) -> None:
        self.seen: dict[str, Shaped[Tensor, "m k"]] = {}
        self.next = dict.fromkeys(self.sizes, 0)  # the step at which a region is looked at again
        self.step = dict.fromkeys(self.sizes, 0)

    def state(self) -> dict[str, Any]:
        return {"seen": self.seen, "next": self.next, "step": self.step}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.seen = {region: seen.to(self.device) for region, seen in state["seen"].items()}
        self.next, self.step = dict(state["next"]), dict(state["step"])

    def draw(self, region: str, count: int, steps: int) -> Iterator[Drawn]:
        for _ in range(steps):
            if self.step[region] == self.next[region]:
                self.seen[region] = self.look(region)
                self.next[region] += self.interval(self.step[region])
            self.step[region] += 1
            each = [self.choose(seen, count, g) for seen, g in zip(self.seen[region], self.generators, strict=True)]
            indices, weights = zip(*each, strict=True)
            yield Drawn(torch.stack(indices), None if weights[0] is None else torch.stack(weights))

    @abstractmethod
    def look(self, region: str) -> Shaped[Tensor, "m k"]:
        """What is to be kept in mind of every sample of a region."""

    @abstractmethod
    def interval(self, step: int) -> int:
        """The steps until the next look, from this one on."""

    @abstractmethod
    def choose(self, seen: Shaped[Tensor, "k"], count: int, generator: torch.Generator) -> Drawn:
        """A step's samples of one member, by what has been seen."""
