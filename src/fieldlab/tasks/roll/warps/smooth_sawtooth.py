"""A sawtooth without corners (mathematica.stackexchange.com/q/38293)."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from fieldlab.tasks.roll.warps.wrap import Wrap


class SmoothSawtooth(Wrap):
    """s(x) = 1/2 {1 + [2/pi arccos((1 - delta) cos pi x) - 1] 2/pi arctan(sin(pi x) / delta)}.

    It has period 1 and derivatives of every order, and comes close to x - floor(x) as delta goes to 0: its error goes as
    sqrt(delta), its slope at the seam is about -1 / delta, and it never reaches 0 or 1, so that the edges of a picture are
    not shown; around the seam the picture is passed through backwards.

    Raises:
        ValueError: a delta that is not between 0 and 1.
    """

    def __init__(self, *, delta: float) -> None:
        if not 0 < delta < 1:
            raise ValueError(f"delta must be between 0 and 1, not {delta}")
        self.delta = delta

    def __call__(self, x: Float[Tensor, "*n"]) -> Float[Tensor, "*n"]:
        turn = math.pi * (
            x - 2 * torch.round(x / 2)
        )  # as far from 0 as needs be: sin and cos lose digits further out
        triangle = 2 / math.pi * torch.arccos((1 - self.delta) * torch.cos(turn)) - 1
        square = 2 / math.pi * torch.arctan(torch.sin(turn) / self.delta)
        return (1 + triangle * square) / 2
