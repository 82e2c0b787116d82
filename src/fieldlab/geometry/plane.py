"""Linear maps of a picture about its middle, for coordinates (row, column): rows run downwards."""

import torch
from jaxtyping import Float
from torch import Tensor


def make_rotations(angles: Float[Tensor, "n"]) -> Float[Tensor, "n 2 2"]:
    """Where a picture that is turned counter-clockwise by these angles, in radians, is read, in pixels from its middle."""
    cos, sin = angles.cos(), angles.sin()
    return torch.stack([cos, sin, -sin, cos], -1).view(-1, 2, 2)


def make_scales(factors: Float[Tensor, "n"]) -> Float[Tensor, "n 2 2"]:
    """Where a picture that is larger by these factors is read."""
    return torch.eye(2, device=factors.device, dtype=factors.dtype) / factors[:, None, None]


def in_sides(matrices: Float[Tensor, "n 2 2"], size: tuple[int, int]) -> Float[Tensor, "n 2 2"]:
    """The same maps in sides of the picture: canonical axes differ where the sides do."""
    sides = matrices.new_tensor(size)
    return matrices * sides[None, None, :] / sides[None, :, None]


def about_centre(
    x: Float[Tensor, "n k 2"], matrices: Float[Tensor, "n 2 2"], size: tuple[int, int]
) -> Float[Tensor, "n k 2"]:
    """Canonical coordinates with each picture's matrix, in pixels, applied around the middle."""
    return torch.einsum("nij,nkj->nki", in_sides(matrices, size), x - 0.5) + 0.5
