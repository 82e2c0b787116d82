"""CPPN: the compositional pattern-producing network of feature visualisation (Mordvintsev et al. 2018, distill.pub/2018/differentiable-parameterizations)."""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fieldlab.networks.linear import FirstLinear, check_sizes

ODD, EVEN = 0.67, 0.6  # about the deviations of atan(z) and atan(z)^2 for normal z, by which the authors divide
TRUNCATED = 0.87962566103423978  # standard deviation of N(0, 1) without what is beyond 2


class Cppn(nn.Module):
    """`depth` layers h -> [a / 0.67, a^2 / 0.6], a = atan(W h + b), of `width` each, so that 2 `width` features go on; then
    a linear layer that begins at 0: the first picture is flat.

    Weights ~ N(0, 1 / fan_in), truncated at two standard deviations and rescaled; biases ~ N(0, `bias`^2). The authors
    take 8 layers of 24, biases of 0.1, coordinates in [-sqrt 3, sqrt 3], whose deviation is 1, and a sigmoid.
    """

    def __init__(self, features: int, channels: int, *, width: int, depth: int, bias: float) -> None:
        super().__init__()
        check_sizes(width, depth)
        if bias < 0:
            raise ValueError(f"bias must be at least 0, not {bias}")
        layers = [FirstLinear(features, width), *(nn.Linear(2 * width, width) for _ in range(depth - 1))]
        self.hidden = nn.ModuleList(layers)
        self.last = nn.Linear(2 * width, channels)
        for linear in layers:
            scale = 1 / math.sqrt(linear.in_features) / TRUNCATED
            nn.init.trunc_normal_(linear.weight, std=scale, a=-2 * scale, b=2 * scale)
        nn.init.zeros_(self.last.weight)
        for linear in (*layers, self.last):
            nn.init.normal_(linear.bias, std=bias)

    def forward(self, h: Float[Tensor, "*n features"]) -> Float[Tensor, "*n c"]:
        for layer in self.hidden:
            a = torch.atan(layer(h))
            h = torch.cat([a / ODD, a.square() / EVEN], dim=-1)
        return self.last(h)
