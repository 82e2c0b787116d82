"""Blur: a Gaussian of random width."""

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import conv1d, pad

from fieldlab.tasks.visualize.transforms.transform import Transform, check_interval, interpolate

REACH = 3  # standard deviations, at which the kernel ends


class Blur(Transform):
    """Convolution with a Gaussian whose standard deviation is uniform in `sigmas` pixels; edges are continued.

    Raises:
        ValueError: sigmas that are not positive, low before high.
    """

    numbers = 1

    def __init__(self, *, sigmas: Sequence[float]) -> None:
        self.sigmas = check_interval("sigmas", sigmas, above=0)

    def __call__(self, images: Float[Tensor, "n c h w"], u: Float[Tensor, "n 1"]) -> Float[Tensor, "n c h w"]:
        reach = math.ceil(REACH * self.sigmas[1])
        place = torch.arange(-reach, reach + 1, device=images.device, dtype=images.dtype)
        kernels = torch.exp(-((place / interpolate(*self.sigmas, u)) ** 2) / 2)
        kernels = kernels / kernels.sum(1, keepdim=True)
        for axis in (2, 3):
            images = convolve_rows(images.movedim(axis, -1), kernels).movedim(-1, axis)
        return images


def convolve_rows(images: Float[Tensor, "n c h w"], kernels: Float[Tensor, "n k"]) -> Float[Tensor, "n c h w"]:
    """Each image convolved along its rows with its own kernel."""
    n, c, h, w = images.shape
    reach = kernels.shape[1] // 2
    lines = pad(images.reshape(n, c * h, w), [reach, reach], mode="replicate")
    smooth = conv1d(lines.movedim(1, 0), kernels[:, None], groups=n)
    return smooth.movedim(0, 1).reshape(n, c, h, w)
