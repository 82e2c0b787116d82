"""Gaussian activations (Ramasinghe and Lucey 2022, arXiv:2111.15135), with the scale by which later papers write them."""

import torch
from jaxtyping import Float
from torch import Tensor

from fieldlab.networks.dense import Dense, check_positive
from fieldlab.networks.window import window


class Gauss(Dense):
    """`depth` layers exp(-(scale z)^2), z = W h + b, of `width`, then a linear layer; weights and biases as torch draws them.

    `scale` is the bandwidth of the field. The paper's own form is exp(-z^2 / (2 a^2)), for which scale = 1 / (a sqrt 2). FINER++ and WIRE
    take 30.
    """  # scale is a buffer: members with different scale still stack

    scale: Tensor

    def __init__(self, features: int, channels: int, *, width: int, depth: int, scale: float) -> None:
        check_positive(scale=scale)
        super().__init__(features, channels, width=width, depth=depth, draw=None)
        self.register_buffer("scale", torch.tensor(float(scale)))

    def activate(self, z: Float[Tensor, "*n width"], layer: int) -> Float[Tensor, "*n width"]:
        return window(-((self.scale * z) ** 2))
