"""Blurs: each measurement is a weighted mean around its sample."""

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor

from fieldlab.tasks.inverse.observations.observation import Local, Pictures, list_samples
from fieldlab.tasks.inverse.yardsticks import deconvolve

REACH = 3.0  # standard deviations
MOMENTS = 8  # at which a camera looks while it moves by a sample


class Blur(Local):
    """The mean of the samples at `offsets` with these weights, around every sample; reflected at the border. Yardstick of pictures: Wiener's filter."""

    def __init__(
        self, grid: tuple[int, ...], channels: int, offsets: Int[Tensor, "j dim"], weights: Float[Tensor, "j"]
    ) -> None:
        super().__init__(grid, channels, list_samples(grid), offsets, weights / weights.sum())

    def draw(self, measured: Float[Tensor, "k w"]) -> Float[Tensor, "h v c"] | None:
        return measured.unflatten(0, self.grid) if len(self.grid) == 2 else None

    def yardsticks(self, measured: Float[Tensor, "k w"]) -> Pictures:
        values = measured.unflatten(0, self.grid)
        found = deconvolve(values, self.offsets.cpu(), self.weights.cpu()) if len(self.grid) == 2 else {}
        return {"as measured": values, **found}


class GaussianBlur(Blur):
    """A Gaussian window of standard deviation `sigma` samples, cut off at three of them.

    Raises:
        ValueError: a sigma that is not positive.
    """

    def __init__(self, *, grid: tuple[int, ...], channels: int, sigma: float) -> None:
        if sigma <= 0:
            raise ValueError(f"sigma must be positive, not {sigma}")
        reach = math.ceil(REACH * sigma)
        offsets = list_samples((2 * reach + 1,) * len(grid)) - reach
        super().__init__(grid, channels, offsets, (-offsets.square().sum(-1) / (2 * sigma**2)).exp())


class MotionBlur(Blur):
    """A camera that moves by `length` samples while it looks, in the direction of `angle` degrees from the rows' to the columns' axis.

    Raises:
        ValueError: a signal that is no picture, a length below 2.
    """

    def __init__(self, *, grid: tuple[int, ...], channels: int, length: int, angle: float) -> None:
        if len(grid) != 2:
            raise ValueError(f"motion blurs pictures, and this signal has {len(grid)} axes")
        if length < 2:
            raise ValueError(f"length must be at least 2 samples, not {length}")
        moments = torch.arange(MOMENTS * length, dtype=torch.float64)
        way = (moments + 0.5) / MOMENTS - length / 2
        turn = math.radians(angle)
        path = torch.stack([way * math.sin(turn), way * math.cos(turn)], dim=-1).round().long()
        offsets, counts = path.unique(dim=0, return_counts=True)
        super().__init__(grid, channels, offsets, counts.float())
