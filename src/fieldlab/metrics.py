"""Scores of a reconstruction in canonical values: PSNR over a set of samples; SSIM, at several scales too, and VIF over the whole grid."""

import math
from collections.abc import Mapping
from typing import Literal

import torch
from jaxtyping import Float, Shaped
from torch import Tensor
from torch.nn.functional import avg_pool2d
from torchmetrics.functional.image import structural_similarity_index_measure, visual_information_fidelity

MSE_FLOOR = torch.finfo(torch.float32).eps ** 2  # what float32 cannot tell from 0 near 1
WINDOW = 11  # samples a side of SSIM's Gaussian window
SCALES = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)  # exponents of multi-scale SSIM, the finest scale first
LARGEST = 2**20  # samples, of which MS-SSIM and VIF are computed: of more they take longer than all other scores
LEAST_VIF = 41  # samples a side, of which the coarsest of VIF's four scales has a window left
WHITE = 255.0  # the scale of values in which the noise of VIF's model eye is given

Scores = dict[str, float | None]
Free = Literal["nothing", "offset", "gain_and_offset"]


def scores(
    prediction: Float[Tensor, "m n c"],
    target: Float[Tensor, "m n c"],
    parts: Mapping[str, Shaped[Tensor, "m n"]],
    grid: tuple[int, ...] | None,
    derivatives: Mapping[str, tuple[Tensor, Tensor]],
) -> list[Scores]:
    """PSNR over each of the parts, and SSIM, MS-SSIM and VIF where the samples are those of a whole grid, by member; None where undefined.

    Of each of the `derivatives`, prediction and target, PSNR relative to the target's range.
    """
    columns = {f"{part}_psnr": psnr(prediction, target, weights) for part, weights in parts.items()}
    if grid is not None:
        columns |= {f"full_{name}": measure(prediction, target, grid) for name, measure in OVER_GRIDS.items()}
    columns |= {f"{name}_psnr": range_psnr(*pair) for name, pair in derivatives.items()}
    rows = zip(*(column.tolist() for column in columns.values()), strict=True)
    return [
        {name: value if math.isfinite(value) else None for name, value in zip(columns, row, strict=True)}
        for row in rows
    ]


def align(
    prediction: Float[Tensor, "m n c"], target: Float[Tensor, "m n c"], free: Free, weights: Shaped[Tensor, "m n"]
) -> Float[Tensor, "m n c"]:
    """The prediction with what its constraints leave open fitted to the target, by least squares over all samples.

    `offset`: a constant for each channel; `gain_and_offset`: a factor too. Each sample counts as often as `weights` say.
    """
    if free == "nothing":
        return prediction
    share = (weights / weights.sum(1, keepdim=True)).unsqueeze(-1)
    mean, wanted = ((share * values).sum(1, keepdim=True) for values in (prediction, target))
    around = prediction - mean
    if free == "gain_and_offset":
        power = (share * around.square()).sum(1, keepdim=True)
        shared = (share * around * (target - wanted)).sum(1, keepdim=True)
        around = around * torch.where(power > 0, shared / power, 1)
    return wanted + around


def range_psnr(prediction: Float[Tensor, "m n ..."], target: Float[Tensor, "m n ..."]) -> Float[Tensor, "m"]:
    """PSNR in dB of what has no natural range, a derivative: the peak is the target's own maximum less its minimum.

    Over all samples and components, without clipping. NaN where the target is constant.
    """
    mse = (prediction - target).square().flatten(1).mean(1)
    flat = target.flatten(1)
    peak = flat.amax(1) - flat.amin(1)
    return torch.where(peak > 0, decibels(mse / peak.square()), math.nan)


def psnr(
    prediction: Float[Tensor, "m n c"], target: Float[Tensor, "m n c"], weights: Shaped[Tensor, "m n"]
) -> Float[Tensor, "m"]:
    """Peak signal-to-noise ratio in dB over the marked samples: -10 log10 mean((clip(prediction) - target)^2).

    `weights` mark them: true and false, or how often each counts. The prediction is clipped to [0, 1] and the peak is 1. An
    error below float32's resolution counts as that resolution, so that a perfect reconstruction has 138.5 dB and not
    infinity. No marked sample: NaN.
    """
    squares = (prediction.clamp(0, 1) - target).square().mean(-1)
    mse = torch.where(weights > 0, weights * squares, 0).sum(-1) / weights.sum(-1)
    return decibels(mse)


def decibels(mse: Float[Tensor, "m"]) -> Float[Tensor, "m"]:
    """PSNR for a peak of 1."""
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
    return torch.stack([similarity(*pair) for pair in unstack(prediction, target, grid)])


def ms_ssim(
    prediction: Float[Tensor, "m n c"], target: Float[Tensor, "m n c"], grid: tuple[int, ...]
) -> Float[Tensor, "m"]:
    """Multi-scale structural similarity (Wang, Simoncelli & Bovik 2003): the product of contrast and structure at five scales, each
    half as fine as the one before, and of luminance at the coarsest, with their exponents. Negative means count as 0.

    Windows as for SSIM, scales by means of 2 x 2. NaN but for images of at least 176 samples a side, where each scale has a window, and of
    at most 2^20 in all.
    """
    if len(grid) != 2 or min(grid) < WINDOW * 2 ** (len(SCALES) - 1) or math.prod(grid) > LARGEST:
        return torch.full((prediction.shape[0],), math.nan)
    found = []
    for ours, theirs in unstack(prediction, target, grid):
        product, *finer = torch.ones(()), *SCALES[:-1]
        for exponent in finer:
            contrast = structural_similarity_index_measure(
                ours, theirs, data_range=1.0, return_contrast_sensitivity=True
            )[1]
            product = product * contrast.clamp_min(0).mean() ** exponent
            ours, theirs = avg_pool2d(ours, 2), avg_pool2d(theirs, 2)
        found.append(product * similarity(ours, theirs).clamp_min(0) ** SCALES[-1])
    return torch.stack(found)


def vif(
    prediction: Float[Tensor, "m n c"], target: Float[Tensor, "m n c"], grid: tuple[int, ...]
) -> Float[Tensor, "m"]:
    """Visual information fidelity (Sheikh & Bovik 2006) in the pixel domain: what is told of the target's detail behind a model eye of
    noise 2, in values up to 255, through the prediction, as a share of what the target itself tells; the mean of channels.

    1 for the target itself, more where contrast is enhanced. NaN but for images of at least 41 samples a side and at most 2^20 in all.
    """
    if len(grid) != 2 or min(grid) < LEAST_VIF or math.prod(grid) > LARGEST:
        return torch.full((prediction.shape[0],), math.nan)
    pairs = unstack(prediction, target, grid)
    return torch.stack([visual_information_fidelity(WHITE * ours, WHITE * theirs) for ours, theirs in pairs])


OVER_GRIDS = {"ssim": ssim, "ms_ssim": ms_ssim, "vif": vif}


def unstack(
    prediction: Float[Tensor, "m n c"], target: Float[Tensor, "m n c"], grid: tuple[int, ...]
) -> list[tuple[Float[Tensor, "1 c ..."], Float[Tensor, "1 c ..."]]]:
    """The clipped prediction and the target of each member, as a batch of one picture."""
    ours, theirs = (v.unflatten(1, grid).movedim(-1, 1) for v in (prediction.clamp(0, 1), target))
    return [(a[None], b[None]) for a, b in zip(ours, theirs, strict=True)]


def similarity(ours: Float[Tensor, "1 c ..."], theirs: Float[Tensor, "1 c ..."]) -> Float[Tensor, ""]:
    """The mean SSIM of the windows within the grid; torchmetrics' own mean includes those that its padding completes."""
    inside = (..., *[slice(WINDOW // 2, -(WINDOW // 2))] * (ours.ndim - 2))
    return structural_similarity_index_measure(ours, theirs, data_range=1.0, return_full_image=True)[1][inside].mean()
