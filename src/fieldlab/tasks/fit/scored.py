"""Scored: the samples at which fits are scored, all of them or some that stand for all."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor

from fieldlab.training.samples import Samples, gather_rows


@dataclass(frozen=True)
class Scored:
    """Samples of m members: coordinates, values, and of each part of a split how many samples each of them stands for.

    `whole`: these are all samples, scored as a grid too: by SSIM and by derivatives.
    """

    x: Float[Tensor, "m n dim"]
    y: Float[Tensor, "m n c"]
    weights: Mapping[str, Shaped[Tensor, "m n"]]  # train, validation, test, full
    whole: bool


def score_all(samples: Samples) -> Scored:
    """All samples."""
    everywhere = torch.ones(samples.x.shape[:2], dtype=torch.bool, device=samples.x.device)
    return Scored(samples.x, samples.y, {**samples.masks, "full": everywhere}, whole=True)


def score_some(samples: Samples, count: int) -> Scored:
    """`count` samples, or all where there are no more: the same ones for every fit of the same signal and split.

    Samples of one kind (training, validation, test) are drawn without replacement, as many of each kind as there are of any
    other, so that the PSNR of each is known equally well; weights make up for it in the PSNR over all.
    """
    if count >= samples.x.shape[1]:
        return replace(score_all(samples), whole=False)
    masks = torch.stack(list(samples.masks.values()), dim=1).cpu()
    drawn = [draw_sample(parts, count) for parts in masks]
    index, stands_for = (torch.stack(of_members).to(samples.x.device) for of_members in zip(*drawn, strict=True))
    weights = {part: mask.gather(1, index) * stands_for for part, mask in samples.masks.items()}
    return Scored(
        gather_rows(samples.x, index), gather_rows(samples.y, index), {**weights, "full": stands_for}, whole=False
    )


def score_part(samples: Samples, part: str) -> Scored:
    """All samples of one part of the split, of which every member has as many."""
    index = torch.stack([mask.nonzero()[:, 0] for mask in samples.masks[part]])
    everywhere = torch.ones_like(index, dtype=torch.bool)
    weights = {part: everywhere, "full": everywhere}
    return Scored(gather_rows(samples.x, index), gather_rows(samples.y, index), weights, whole=False)


def draw_sample(parts: Bool[Tensor, "p n"], count: int) -> tuple[Int[Tensor, "k"], Float[Tensor, "k"]]:
    """Which of n samples are drawn, and how many of the same kind each stands for; kinds differ in the parts they belong to.

    At least one of each kind is.
    """
    generator = torch.Generator().manual_seed(0)
    kind = torch.stack([part.byte() << i for i, part in enumerate(parts)]).sum(0)
    kinds, sizes = kind.unique(return_counts=True)
    index, stands_for, left = [], [], count
    smallest_first = sizes.argsort(stable=True).tolist()  # what one lacks goes to the others
    for i, k in enumerate(smallest_first):
        of_kind = (kind == kinds[k]).nonzero()[:, 0]
        quota = max(1, min(len(of_kind), left // (len(sizes) - i)))
        left -= quota
        index.append(of_kind[torch.randperm(len(of_kind), generator=generator)[:quota]])
        stands_for.append(torch.full((quota,), len(of_kind) / quota))
    order = torch.cat(index).argsort()
    return torch.cat(index)[order], torch.cat(stands_for)[order]
