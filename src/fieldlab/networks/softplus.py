"""The softplus multilayer perceptron: ReLU with a rounded corner, so that it has a second derivative."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import softplus

from fieldlab.networks.linear import hidden_layers


class Softplus(nn.Module):
    """`depth` layers log(1 + exp(beta z)) / beta, z = W h + b, of `width`, then a linear layer.

    `beta` is the sharpness of the corner; the limit of a large one is ReLU. Weights of the hidden layers
    ~ N(0, 2 / fan_in), as for ReLU (He et al. 2015, arXiv:1502.01852); biases and the last layer as torch draws them.
    """  # beta is a buffer: members with different beta still stack

    beta: Tensor

    def __init__(self, features: int, channels: int, *, width: int, depth: int, beta: float) -> None:
        super().__init__()
        if beta <= 0:
            raise ValueError(f"beta must be positive, not {beta}")
        layers = hidden_layers(features, width=width, depth=depth)
        for linear in layers:
            nn.init.kaiming_normal_(linear.weight, nonlinearity="relu")
        self.hidden = nn.ModuleList(layers)
        self.last = nn.Linear(width, channels)
        self.register_buffer("beta", torch.tensor(float(beta)))

    def forward(self, h: Float[Tensor, "*n features"]) -> Float[Tensor, "*n c"]:
        for layer in self.hidden:
            h = softplus(self.beta * layer(h)) / self.beta
        return self.last(h)
