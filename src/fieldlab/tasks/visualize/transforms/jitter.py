"""Jitter: a window that moves by whole pixels."""

import torch
from jaxtyping import Float
from torch import Tensor

from fieldlab.tasks.visualize.transforms.transform import Transform


class Jitter(Transform):
    """The window of h - d by w - d pixels at offsets uniform over 0 … d, d = `pixels`, rows and columns apart.

    Measured from the middle window the shift has a mean of zero. The image loses d pixels along each axis.

    Raises:
        ValueError: negative pixels, an image that is not larger.
    """

    numbers = 2

    def __init__(self, *, pixels: int) -> None:
        if pixels < 0:
            raise ValueError(f"pixels must be at least 0, not {pixels}")
        self.pixels = pixels

    def __call__(self, images: Float[Tensor, "n c h w"], u: Float[Tensor, "n 2"]) -> Float[Tensor, "n c i j"]:
        n, _, *size = images.shape
        if min(size) <= self.pixels:
            raise ValueError(f"an image of {size[0]} x {size[1]} pixels has no room to jitter by {self.pixels}")
        offsets = (u * (self.pixels + 1)).long().clamp(max=self.pixels)
        rows, columns = (
            offset[:, None] + torch.arange(extent - self.pixels, device=images.device)
            for offset, extent in zip(offsets.T, size, strict=True)
        )
        image = torch.arange(n, device=images.device)[:, None, None]
        return images.movedim(1, -1)[image, rows[:, :, None], columns[:, None, :]].movedim(-1, 1)
