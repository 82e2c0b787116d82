"""FourierNet: a multiplicative filter network of sines (Fathony et al. 2021, openreview.net/forum?id=OmtmcPkkhT), as in its code."""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fieldlab.networks.dense import check_positive
from fieldlab.networks.linear import FirstLinear, check_sizes
from fieldlab.networks.mfn import FilterNetwork


class FourierNet(FilterNetwork):
    """A `FilterNetwork` of filters sin(W x + b), which is a sum of sines of x.

    W as torch draws it, U(-1/sqrt(n), 1/sqrt(n)) with n features, times input_scale / sqrt(depth + 1); b ~ U(-pi, pi). `input_scale` is the
    bandwidth. `depth` filters stand behind the first one.
    """

    def __init__(
        self, features: int, channels: int, *, width: int, depth: int, input_scale: float, weight_scale: float
    ) -> None:
        check_sizes(width, depth)
        check_positive(input_scale=input_scale)
        scale = input_scale / math.sqrt(depth + 1)
        filters = [SineFilter(features, width, scale) for _ in range(depth + 1)]
        super().__init__(channels, width=width, weight_scale=weight_scale, filters=filters)


class SineFilter(nn.Module):
    """x -> sin(W x + b), W as torch draws it times `scale`, b ~ U(-pi, pi)."""

    def __init__(self, features: int, width: int, scale: float) -> None:
        super().__init__()
        self.linear = FirstLinear(features, width)
        with torch.no_grad():
            self.linear.weight.mul_(scale)
        nn.init.uniform_(self.linear.bias, -math.pi, math.pi)

    def forward(self, x: Float[Tensor, "*n features"]) -> Float[Tensor, "*n width"]:
        return torch.sin(self.linear(x))
