"""Complex numbers as real pairs: halves of the last axis, real parts first. Optimisers and half precision see real numbers alone."""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn


class ComplexLinear(nn.Module):
    """W h + b over complex numbers, [*n, 2 inputs] -> [*n, 2 outputs]; real and imaginary parts ~ U(-1/sqrt(inputs), 1/sqrt(inputs)).

    `weight` holds the real part and the imaginary part of W, `bias` those of b: two real numbers for each complex one.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        bound = 1 / math.sqrt(inputs)
        self.weight = nn.Parameter(torch.empty(2, outputs, inputs).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(2 * outputs).uniform_(-bound, bound))

    def forward(self, h: Float[Tensor, "*n two_i"]) -> Float[Tensor, "*n two_o"]:
        real, imaginary = self.weight
        rows = torch.cat([torch.cat([real, -imaginary], dim=1), torch.cat([imaginary, real], dim=1)])
        return nn.functional.linear(h, rows, self.bias)


def real_part_of_last(width: int, channels: int) -> nn.Linear:
    """The real part of a complex linear layer: that of its bias, and a real row over real and imaginary parts.

    Drawn as the complex layer is, U(-1/sqrt(width), 1/sqrt(width)); the imaginary bias, which nothing reads, is not there.
    """
    linear = nn.Linear(2 * width, channels)
    bound = 1 / math.sqrt(width)
    for parameter in linear.parameters():
        nn.init.uniform_(parameter, -bound, bound)
    return linear
