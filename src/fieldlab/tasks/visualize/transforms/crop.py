"""Crop: boxes of random size and position, resampled to one size."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample

from fieldlab.tasks.visualize.transforms.transform import Transform, check_interval, interpolate


class Crop(Transform):
    """A random box of the image, resampled to `size` pixels (h, w); None: to as many as the image has.

    The box has a share of each side that is uniform in `sides`, and lies anywhere within the image.

    Raises:
        ValueError: shares that are not above 0 and at most 1, a size without pixels.
    """

    numbers = 3

    def __init__(self, *, sides: Sequence[float], size: Sequence[int] | None) -> None:
        self.sides = check_interval("sides", sides, above=0)
        if self.sides[1] > 1:
            raise ValueError(f"sides must be at most 1, not {list(sides)}")
        if size is not None and (len(size) != 2 or min(size) < 1):
            raise ValueError(f"size must be [ROWS, COLUMNS], at least one pixel each, not {list(size)}")
        self.size = size

    def __call__(self, images: Float[Tensor, "n c h w"], u: Float[Tensor, "n 3"]) -> Float[Tensor, "n c i j"]:
        side = interpolate(*self.sides, u[:, 0])
        middle = (2 * u[:, 1:] - 1) * (1 - side[:, None])  # of (x, y), where the image reaches from -1 to 1
        theta = torch.cat([side[:, None, None] * torch.eye(2, device=u.device), middle[:, :, None]], -1)
        grid = affine_grid(
            theta.to(images.dtype), [*images.shape[:2], *(self.size or images.shape[2:])], align_corners=False
        )
        return grid_sample(images, grid, mode="bilinear", padding_mode="border", align_corners=False)
