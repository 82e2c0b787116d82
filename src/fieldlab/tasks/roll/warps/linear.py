"""Linear warps about the middle of the picture: rotation, scale and any matrix."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fieldlab.geometry.plane import about_centre, make_rotations, make_scales
from fieldlab.tasks.roll.warps.warp import Warp


class Rotation(Warp):
    """Rotation counter-clockwise by an angle of each image, exact on pictures of any aspect."""

    def __init__(self, images: int, size: tuple[int, int]) -> None:
        super().__init__()
        self.size = size
        self.angle = nn.Parameter(torch.zeros(images))

    def forward(self, x: Float[Tensor, "n k 2"]) -> Float[Tensor, "n k 2"]:
        return about_centre(x, make_rotations(self.angle), self.size)

    def describe(self) -> dict[str, Float[Tensor, "n"]]:
        return {"degrees": self.angle.rad2deg()}


class Scale(Warp):
    """Scaling by exp(l) with l of each image."""

    def __init__(self, images: int, size: tuple[int, int]) -> None:
        super().__init__()
        self.size = size
        self.logarithm = nn.Parameter(torch.zeros(images))

    def forward(self, x: Float[Tensor, "n k 2"]) -> Float[Tensor, "n k 2"]:
        return about_centre(x, make_scales(self.logarithm.exp()), self.size)

    def describe(self) -> dict[str, Float[Tensor, "n"]]:
        return {"scale": self.logarithm.exp()}


class Affine(Warp):
    """(I + M) around the middle, in pixels, and a shift by t, in sides of the picture, of each image."""

    def __init__(self, images: int, size: tuple[int, int]) -> None:
        super().__init__()
        self.size = size
        self.matrix = nn.Parameter(torch.zeros(images, 2, 2))
        self.offset = nn.Parameter(torch.zeros(images, 2))

    def forward(self, x: Float[Tensor, "n k 2"]) -> Float[Tensor, "n k 2"]:
        whole = self.matrix + torch.eye(2, device=x.device, dtype=x.dtype)
        return about_centre(x, whole, self.size) - self.offset[:, None]

    def describe(self) -> dict[str, Float[Tensor, "n"]]:
        """The shift in pixels, and the factor by which areas grow."""
        pixels = self.offset * self.offset.new_tensor(self.size)
        areas = 1 / torch.linalg.det(self.matrix + torch.eye(2, device=self.matrix.device))
        return {"shift_rows": pixels[:, 0], "shift_columns": pixels[:, 1], "area": areas}

    def set_shift(self, shift: Float[Tensor, "n 2"]) -> bool:
        with torch.no_grad():
            self.offset.copy_(shift)
        return True
