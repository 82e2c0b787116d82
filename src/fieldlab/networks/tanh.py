"""The tanh multilayer perceptron: a smooth network, with derivatives of every order."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fieldlab.networks.linear import hidden_layers


class Tanh(nn.Module):
    """`depth` layers tanh(W h + b) of `width`, then a linear layer.

    Weights of the hidden layers ~ N(0, 2 / (fan_in + fan_out)) (Glorot and Bengio 2010), as in the SIREN authors'
    baseline; biases and the last layer as torch draws them.
    """

    def __init__(self, features: int, channels: int, *, width: int, depth: int) -> None:
        super().__init__()
        layers = hidden_layers(features, width=width, depth=depth)
        for linear in layers:
            nn.init.xavier_normal_(linear.weight)
        self.hidden = nn.ModuleList(layers)
        self.last = nn.Linear(width, channels)

    def forward(self, h: Float[Tensor, "*n features"]) -> Float[Tensor, "*n c"]:
        for layer in self.hidden:
            h = torch.tanh(layer(h))
        return self.last(h)
