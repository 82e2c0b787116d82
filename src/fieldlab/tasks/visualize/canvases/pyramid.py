"""Laplacian pyramid: a sum of images of falling resolution."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import interpolate

from fieldlab.tasks.visualize.canvases.parameterization import Parameterization


class Pyramid(Parameterization):
    """sum_l upsample(p_l): level l has 1/2^l of the pixels along each axis, rounded up; bilinear between their centres.

    Values ~ N(0, sd^2). (Lucid has four levels.)

    Raises:
        ValueError: fewer than one level, or more than the image has pixels for.
    """

    def __init__(self, images: int, channels: int, size: tuple[int, int], *, levels: int, sd: float) -> None:
        super().__init__()
        if not 1 <= levels <= max(size).bit_length():
            raise ValueError(f"levels must be between 1 and {max(size).bit_length()}, not {levels}")
        self.size = size
        sizes = [[-(-extent // 2**level) for extent in size] for level in range(levels)]
        self.levels = nn.ParameterList(torch.randn(images, channels, *small) * sd for small in sizes)

    def forward(self) -> Float[Tensor, "n c h w"]:
        wide = [interpolate(level, self.size, mode="bilinear", align_corners=False) for level in self.levels]
        return torch.stack(wide).sum(0)

    @torch.no_grad()
    def write(self, images: Float[Tensor, "n c h w"]) -> None:
        """Write the images into the finest level, and 0 into the others."""
        for level in self.levels:
            level.zero_()
        self.levels[0].copy_(images)
