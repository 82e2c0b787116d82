"""Shift: an image rolled along both axes."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fieldlab.tasks.roll.warps.warp import Warp


class Shift(Warp):
    """x - s with s of each image, in sides of the picture: what was at x is seen at x + s, as `numpy.roll` moves it.

    Without a wrap behind it the picture leaves on one side and nothing comes in.
    """

    def __init__(self, images: int, size: tuple[int, int]) -> None:
        super().__init__()
        self.size = size
        self.shift = nn.Parameter(torch.zeros(images, 2))

    def forward(self, x: Float[Tensor, "n k 2"]) -> Float[Tensor, "n k 2"]:
        return x - self.shift[:, None]

    def set_shift(self, shift: Float[Tensor, "n 2"]) -> bool:
        with torch.no_grad():
            self.shift.copy_(shift)
        return True

    def describe(self) -> dict[str, Float[Tensor, "n"]]:
        """The shift in pixels."""
        pixels = self.shift * self.shift.new_tensor(self.size)
        return {"shift_rows": pixels[:, 0], "shift_columns": pixels[:, 1]}
