"""Affine transforms about the middle of an image: scale, rotation and shear, in pixels, whatever its aspect."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample

from fieldlab.transforms.transform import Transform, between, check_interval

Outside = Literal["zeros", "border", "reflection"]


class Affine(Transform):
    """The pixel at p from the middle shows what was at A p, interpolated linearly; `outside` says what lies around."""

    numbers = 1

    def __init__(self, outside: Outside) -> None:
        self.outside: Outside = outside

    @abstractmethod
    def matrices(self, u: Float[Tensor, "n"]) -> Float[Tensor, "n 2 2"]:
        """A, for p = (x, y): columns to the right, rows downwards."""

    def __call__(self, images: Float[Tensor, "n c h w"], u: Float[Tensor, "n 1"]) -> Float[Tensor, "n c h w"]:
        return moved(images, self.matrices(u[:, 0]), self.outside)


class Scale(Affine):
    """Larger by a factor uniform in `factors`; the size in pixels stays."""

    def __init__(self, *, factors: Sequence[float], outside: Outside) -> None:
        super().__init__(outside)
        self.factors = check_interval("factors", factors, above=0)

    def matrices(self, u: Float[Tensor, "n"]) -> Float[Tensor, "n 2 2"]:
        return torch.eye(2, device=u.device) / between(*self.factors, u)[:, None, None]


class Rotate(Affine):
    """Counter-clockwise by an angle uniform in -`degrees` … `degrees`."""

    def __init__(self, *, degrees: float, outside: Outside) -> None:
        super().__init__(outside)
        self.degrees = degrees

    def matrices(self, u: Float[Tensor, "n"]) -> Float[Tensor, "n 2 2"]:
        angle = between(-self.degrees, self.degrees, u).deg2rad()
        return torch.stack([angle.cos(), -angle.sin(), angle.sin(), angle.cos()], -1).view(-1, 2, 2)


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
        lean = between(-self.degrees, self.degrees, u).deg2rad().tan()
        zero, one = torch.zeros_like(lean), torch.ones_like(lean)
        return torch.stack([one, lean, zero, one], -1).view(-1, 2, 2)


def moved(
    images: Float[Tensor, "n c h w"], matrices: Float[Tensor, "n 2 2"], outside: Outside
) -> Float[Tensor, "n c h w"]:
    """Each image under its own matrix, which is in pixels: torch's grid has sides of 2, however long they are."""
    half = torch.tensor([images.shape[3] / 2, images.shape[2] / 2], device=images.device, dtype=images.dtype)
    theta = matrices.to(images.dtype) * half[None, None, :] / half[None, :, None]
    theta = torch.cat([theta, torch.zeros_like(theta[:, :, :1])], -1)
    grid = affine_grid(theta, list(images.shape), align_corners=False)
    return grid_sample(images, grid, mode="bilinear", padding_mode=outside, align_corners=False)
