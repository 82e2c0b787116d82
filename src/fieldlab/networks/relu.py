"""The ReLU multilayer perceptron every encoding is compared in front of."""

import itertools

from jaxtyping import Float
from torch import Tensor, nn

from fieldlab.networks.linear import FirstLinear


class ReLU(nn.Module):
    """`depth` layers max(0, W h + b) of `width`, then a linear layer.

    Weights of the hidden layers ~ N(0, 2 / fan_in), which keeps E[h^2] from layer to layer (He et al. 2015,
    arXiv:1502.01852); biases and the last layer as torch draws them.
    """

    def __init__(self, features: int, channels: int, *, width: int, depth: int) -> None:
        super().__init__()
        if width < 1 or depth < 1:
            raise ValueError(f"width and depth must be at least 1, not {width} and {depth}")
        sizes = itertools.pairwise([features] + [width] * depth)
        layers = [nn.Linear(i, o) if layer else FirstLinear(i, o) for layer, (i, o) in enumerate(sizes)]
        for linear in layers:
            nn.init.kaiming_normal_(linear.weight, nonlinearity="relu")
        self.hidden = nn.ModuleList(layers)
        self.last = nn.Linear(width, channels)

    def forward(self, h: Float[Tensor, "*n features"]) -> Float[Tensor, "*n c"]:
        for layer in self.hidden:
            h = layer(h).relu()
        return self.last(h)
