"""Patches: areas of real photos, and those that a network answers to most."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from fieldlab.classifiers.activations import Activations, device_of
from fieldlab.classifiers.model import Model
from fieldlab.signals.photos import draw_crops
from fieldlab.tasks.visualize.objectives.objective import Objective

AT_ONCE = 32
SEED = 0
KEPT = 8


@dataclass(frozen=True, eq=False)
class Photos:
    """Pictures [c, h, w] in [0, 1] by name."""

    pictures: Mapping[str, Float[Tensor, "c h w"]]


@functools.lru_cache(maxsize=KEPT)
@torch.no_grad()
def best_patches(
    model: Model, photos: Photos, objective: Objective, size: tuple[int, int], count: int
) -> tuple[Float[Tensor, "n c h w"] | None, Float[Tensor, "n"]]:
    """The best of `count` areas of every photo for each image of the objective, and their scores.

    Scores are the network's answers alone; of an objective without any it is the first area, with a score of NaN. Without
    photos there are no areas either, None.
    """
    generator = torch.Generator().manual_seed(SEED)
    areas = [draw_crops(photo, size, count, generator) for photo in photos.pictures.values()]
    alone = [objective.alone(i) for i in range(objective.images)]
    device = device_of(model.network)
    if not objective.answers or not areas:
        unknown = torch.full((objective.images,), torch.nan, device=device)
        return (areas[0][[0] * objective.images].to(device) if areas else None), unknown
    scores = []
    with Activations(model.network, objective.layers) as look:
        for some in torch.cat(areas).split(AT_ONCE):
            images = some.to(device)
            seen = model.observe(look, images)
            scores.append(torch.stack([one.answer(seen, images) for one in alone]))
    best = torch.cat(scores, dim=1).max(1)
    return torch.cat(areas).to(device)[best.indices], best.values
