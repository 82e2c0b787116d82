"""The tanh multilayer perceptron: a smooth network, with derivatives of every order."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fieldlab.networks.dense import Dense


class Tanh(Dense):
    """`depth` layers tanh(W h + b) of `width`, then a linear layer.

    Weights of the hidden layers ~ N(0, 2 / (fan_in + fan_out)) (Glorot and Bengio 2010), as in the SIREN authors'
    baseline; biases and the last layer as torch draws them.
    """

    def __init__(self, features: int, channels: int, *, width: int, depth: int) -> None:
        super().__init__(features, channels, width=width, depth=depth, draw=nn.init.xavier_normal_)

    def activate(self, z: Float[Tensor, "*n width"], layer: int) -> Float[Tensor, "*n width"]:
        return torch.tanh(z)
