"""The exact wrap."""

import torch
from jaxtyping import Float
from torch import Tensor

from fieldlab.tasks.roll.warps.wrap import Wrap


class Floor(Wrap):
    """x - floor(x), in [0, 1), with a slope of 1 everywhere: the jump itself has none.

    In floating point x - floor(x) of a tiny negative x is 1; that is 0 here.
    """

    def __call__(self, x: Float[Tensor, "*n"]) -> Float[Tensor, "*n"]:
        inside = x - torch.floor(x)
        return torch.where(inside < 1, inside, inside - 1)
