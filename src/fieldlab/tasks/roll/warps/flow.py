"""Flow: a smooth displacement of every point."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fieldlab.encodings.fourier import waves
from fieldlab.encodings.periodic import half_ball
from fieldlab.tasks.roll.warps.warp import Warp


class Flow(Warp):
    """x + gain sum_n a_n cos 2 pi n.x + b_n sin 2 pi n.x, with whole-numbered n of lengths from 1 to `highest`.

    The displacement has all derivatives, and agrees on opposite edges. It has no mean: that is a `Shift`.

    Raises:
        ValueError: `highest` below 1, a gain that is not positive.
    """

    frequencies: Tensor

    def __init__(self, images: int, size: tuple[int, int], *, highest: int, gain: float) -> None:
        super().__init__()
        if highest < 1:
            raise ValueError(f"highest must be at least 1, not {highest}")
        if gain <= 0:
            raise ValueError(f"gain must be positive, not {gain}")
        self.gain = gain
        self.size = size
        self.register_buffer("frequencies", half_ball(2, highest).T.contiguous())
        self.coefficients = nn.Parameter(torch.zeros(images, 2 * self.frequencies.shape[1], 2))

    def forward(self, x: Float[Tensor, "n k 2"]) -> Float[Tensor, "n k 2"]:
        return x + self.gain * waves(x, self.frequencies) @ self.coefficients

    def describe(self) -> dict[str, Float[Tensor, "n"]]:
        """The root mean square displacement over the picture, in pixels of its longer side."""
        squares = self.coefficients.square().sum((1, 2)) / 2
        return {"flow_pixels": self.gain * squares.sqrt() * max(self.size)}
