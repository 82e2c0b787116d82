"""The ReLU multilayer perceptron, the baseline behind every encoding."""

from functools import partial

from jaxtyping import Float
from torch import Tensor, nn

from fieldlab.networks.dense import Dense


class ReLU(Dense):
    """`depth` layers max(0, W h + b) of `width`, then a linear layer.

    Weights of the hidden layers ~ N(0, 2 / fan_in), which keeps E[h^2] from layer to layer (He et al. 2015,
    arXiv:1502.01852); biases and the last layer as torch draws them.
    """

    def __init__(self, features: int, channels: int, *, width: int, depth: int) -> None:
        draw = partial(nn.init.kaiming_normal_, nonlinearity="relu")
        super().__init__(features, channels, width=width, depth=depth, draw=draw)

    def activate(self, z: Float[Tensor, "*n width"], layer: int) -> Float[Tensor, "*n width"]:
        return z.relu()
