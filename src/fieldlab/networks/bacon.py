"""BACON: band-limited coordinate networks (Lindell et al. 2022, arXiv:2112.04645), as in the authors' code."""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fieldlab.encodings.fourier import project
from fieldlab.networks.linear import check_sizes
from fieldlab.networks.mfn import FilterNetwork


class Bacon(FilterNetwork):
    """A `FilterNetwork` of filters sin(2 pi F x + b) with whole frequencies F that stay as they are drawn.

    Each filter has frequencies drawn evenly from -B to B along each axis, B = round(samples / (2 (depth + 1))) cycles per unit of x in
    [-1/2, 1/2]; b ~ U(-pi, pi). A product of filters has the sum of their frequencies, so that no frequency above (depth + 1) B along an
    axis is in the output, about the Nyquist frequency of `samples` samples a side. `scale` is the number of filters behind the
    first one after which the output is read, and the network ends there: 1 is the coarsest, within 2 B, `depth` the finest. The paper
    trains all scales in one network; here each is a fit of its own.

    Raises:
        ValueError: a scale outside 1 to depth, so few samples that B is 0, no layer, or one of no width.
    """

    def __init__(
        self, features: int, channels: int, *, width: int, depth: int, samples: int, scale: int, weight_scale: float
    ) -> None:
        check_sizes(width, depth)
        if not 1 <= scale <= depth:
            raise ValueError(f"scale must be from 1 to depth, {depth}, not {scale}")
        highest = round(samples / (2 * (depth + 1)))
        if highest < 1:
            raise ValueError(f"samples must be at least depth + 2, {depth + 2}, not {samples}")
        filters = [WholeSines(features, width, highest) for _ in range(scale + 1)]
        super().__init__(channels, width=width, weight_scale=weight_scale, filters=filters)
        bound = math.sqrt(weight_scale / width)
        nn.init.uniform_(self.last.weight, -bound, bound)


class WholeSines(nn.Module):
    """x -> sin(2 pi F x + b)."""

    frequencies: Tensor

    def __init__(self, features: int, width: int, highest: int) -> None:
        super().__init__()
        self.register_buffer("frequencies", torch.randint(-highest, highest + 1, (features, width)).float())
        self.bias = nn.Parameter(torch.empty(width).uniform_(-math.pi, math.pi))

    def forward(self, x: Float[Tensor, "*n features"]) -> Float[Tensor, "*n width"]:
        return torch.sin(2 * math.pi * project(x, self.frequencies) + self.bias)
