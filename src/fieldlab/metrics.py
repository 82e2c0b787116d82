"""Scores of a reconstruction in canonical values: PSNR over a set of samples, SSIM over the whole grid."""

import math
from collections.abc import Mapping

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torchmetrics.functional.image import structural_similarity_index_measure

MSE_FLOOR = torch.finfo(torch.float32).eps ** 2  # what float32 cannot tell from 0 near 1
WINDOW = 11  # samples a side of SSIM's Gaussian window

Scores = dict[str, float | None]


def scores(
    prediction: Float[Tensor, "m n c"],
    target: Float[Tensor, "m n c"],
    masks: Mapping[str, Bool[Tensor, "m n"]],
    grid: tuple[int, ...],
) -> list[Scores]:
    """By member: PSNR over each of the masks and over all samples, SSIM over all; None where undefined."""
    everywhere = torch.ones(target.shape[:2], dtype=torch.bool, device=target.device)
    columns = {f"{part}_psnr": psnr(prediction, target, mask) for part, mask in {**masks, "full": everywhere}.items()}
    columns["full_ssim"] = ssim(prediction, target, grid)
    rows = zip(*(column.tolist() for column in columns.values()), strict=True)
    return [
        {name: value if math.isfinite(value) else None for name, value in zip(columns, row, strict=True)}
        for row in rows
    ]


def psnr(
    prediction: Float[Tensor, "m n c"], target: Float[Tensor, "m n c"], mask: Bool[Tensor, "m n"]
) -> Float[Tensor, "m"]:
    """Peak signal-to-noise ratio in dB over the marked samples: -10 log10 mean((clip(prediction) - target)^2).

    The prediction is clipped to [0, 1] and the peak is 1. An error below float32's resolution counts as that
    resolution, so that a perfect reconstruction has 138.5 dB and not infinity. No marked sample: NaN.
    """
    squares = (prediction.clamp(0, 1) - target).square().mean(-1)
    mse = torch.where(mask, squares, 0).sum(-1) / mask.sum(-1)
    return -10 * mse.clamp_min(MSE_FLOOR).log10()


def ssim(
    prediction: Float[Tensor, "m n c"], target: Float[Tensor, "m n c"], grid: tuple[int, ...]
) -> Float[Tensor, "m"]:
    """Structural similarity (Wang et al. 2004), window 11, sigma 1.5, prediction clipped to [0, 1].

    The mean over the windows that lie wholly within the grid, as in the paper. Defined for images and volumes;
    NaN for audio and for a grid with fewer than 11 samples along an axis.
    """
    if len(grid) < 2 or min(grid) < WINDOW:
        return torch.full((prediction.shape[0],), math.nan)
    ours, theirs = (v.unflatten(1, grid).movedim(-1, 1) for v in (prediction.clamp(0, 1), target))
    # torchmetrics' own mean includes the windows that its padding completes
    inside = (..., *[slice(WINDOW // 2, -(WINDOW // 2))] * len(grid))
    maps = [
        structural_similarity_index_measure(a[None], b[None], data_range=1.0, return_full_image=True)[1]
        for a, b in zip(ours, theirs, strict=True)
    ]
    return torch.stack([full[inside].mean() for full in maps])
