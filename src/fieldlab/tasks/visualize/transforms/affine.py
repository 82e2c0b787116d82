"""Affine transforms about the middle of an image: scale, rotation and shear, in pixels, whatever its aspect."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample

from fieldlab.geometry.plane import in_sides, make_rotations, make_scales
from fieldlab.tasks.visualize.transforms.transform import Transform, check_interval, interpolate

Outside = Literal["zeros", "border", "reflection"]


class Affine(Transform):
    """The pixel at p from the middle shows what was at A p, interpolated linearly; `outside` says what lies around."""

    numbers = 1

    def __init__(self, outside: Outside) -> None:
        self.outside: Outside = outside

    @abstractmethod
    def matrices(self, u: Float[Tensor, "n"]) -> Float[Tensor, "n 2 2"]:
        """A, for p = (row, column): rows run downwards."""

    def __call__(self, images: Float[Tensor, "n c h w"], u: Float[Tensor, "n 1"]) -> Float[Tensor, "n c h w"]:
        return transform_images(images, self.matrices(u[:, 0]), self.outside)


class Scale(Affine):
    """Larger by a factor uniform in `factors`; the size in pixels stays."""

    def __init__(self, *, factors: Sequence[float], outside: Outside) -> None:
        super().__init__(outside)
        self.factors = check_interval("factors", factors, above=0)

    def matrices(self, u: Float[Tensor, "n"]) -> Float[Tensor, "n 2 2"]:
        return make_scales(interpolate(*self.factors, u))


class Rotate(Affine):
    """Counter-clockwise by an angle uniform in -`degrees` … `degrees`."""

    def __init__(self, *, degrees: float, outside: Outside) -> None:
        super().__init__(outside)
        self.degrees = degrees

    def matrices(self, u: Float[Tensor, "n"]) -> Float[Tensor, "n 2 2"]:
        return make_rotations(interpolate(-self.degrees, self.degrees, u).deg2rad())


class Shear(Affine):
    """Rows moved along themselves: upright lines lean by an angle uniform in -`degrees` … `degrees`.

    Raises:
        ValueError: an angle of 90 degrees or more.
    """

    def __init__(self, *, degrees: float, outside: Outside) -> None:
        super().__init__(outside)
        if not abs(degrees) < 90:
            raise ValueError(f"degrees must be below 90, not {degrees}")
        self.degrees = degrees

    def matrices(self, u: Float[Tensor, "n"]) -> Float[Tensor, "n 2 2"]:
        lean = interpolate(-self.degrees, self.degrees, u).deg2rad().tan()
        zero, one = torch.zeros_like(lean), torch.ones_like(lean)
        return torch.stack([one, zero, lean, one], -1).view(-1, 2, 2)


def transform_images(
    images: Float[Tensor, "n c h w"], matrices: Float[Tensor, "n 2 2"], outside: Outside
) -> Float[Tensor, "n c h w"]:
    """Each image under its own matrix, which is in pixels: torch's grid has sides of 2 for any size."""
    theta = in_sides(matrices.to(images.dtype), (images.shape[2], images.shape[3])).flip(1, 2)  # torch's x before y
    theta = torch.cat([theta, torch.zeros_like(theta[:, :, :1])], -1)
    grid = affine_grid(theta, list(images.shape), align_corners=False)
    return grid_sample(images, grid, mode="bilinear", padding_mode=outside, align_corners=False)
