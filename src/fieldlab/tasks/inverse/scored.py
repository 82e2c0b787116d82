"""What inverse problems are scored on: measurements by their numbers, part by part, and samples of the truth."""

from collections.abc import Mapping

import torch
from jaxtyping import Int
from torch import Tensor

from fieldlab.tasks.inverse.observations.observation import Observation
from fieldlab.training.samples import Samples

PARTS = ("train", "validation", "test")  # of the measurements
TRUTH = "full"
Numbers = Mapping[str, Int[Tensor, "k"]]


def choose_all(samples: Samples, observation: Observation) -> Numbers:
    """All measurements, by part, and all samples of the truth."""
    numbers = {part: samples.masks[part][0].nonzero()[:, 0] for part in PARTS}
    return {**numbers, TRUTH: torch.arange(observation.samples, device=samples.x.device)}


def choose_some(samples: Samples, observation: Observation, points: int) -> Numbers:
    """Those on which scores on the way are taken, which evaluate about so many points of the field: the same ones for every fit."""
    generator = torch.Generator().manual_seed(0)
    share = max(1, points // 4)
    measurements = observation.count if observation.cost is None else max(1, share // observation.cost)
    return {
        name: draw(index, share if name == TRUTH else measurements, generator)
        for name, index in choose_all(samples, observation).items()
    }


def draw(index: Int[Tensor, "n"], most: int, generator: torch.Generator) -> Int[Tensor, "k"]:
    """At most so many of these numbers."""
    return index[torch.randperm(len(index), generator=generator)[:most].to(index.device)]
