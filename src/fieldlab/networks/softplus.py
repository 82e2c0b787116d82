"""The softplus multilayer perceptron: ReLU with a rounded corner, so that it has a second derivative."""

from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import softplus

from fieldlab.networks.dense import Dense, check_positive


class Softplus(Dense):
    """`depth` layers log(1 + exp(beta z)) / beta, z = W h + b, of `width`, then a linear layer.

    `beta` is the sharpness of the corner; the limit of a large one is ReLU. Weights of the hidden layers
    ~ N(0, 2 / fan_in), as for ReLU (He et al. 2015, arXiv:1502.01852); biases and the last layer as torch draws them.
    """  # beta is a buffer: members with different beta still stack

    beta: Tensor

    def __init__(self, features: int, channels: int, *, width: int, depth: int, beta: float) -> None:
        check_positive(beta=beta)
        draw = partial(nn.init.kaiming_normal_, nonlinearity="relu")
        super().__init__(features, channels, width=width, depth=depth, draw=draw)
        self.register_buffer("beta", torch.tensor(float(beta)))

    def activate(self, z: Float[Tensor, "*n width"], layer: int) -> Float[Tensor, "*n width"]:
        return softplus(self.beta * z) / self.beta
