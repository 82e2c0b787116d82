"""The basic mapping: each coordinate once around the circle (Tancik et al. 2020, arXiv:2006.10739)."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fieldlab.encodings.fourier import waves


class Basic(nn.Module):
    """x -> [cos 2 pi x, sin 2 pi x], each axis by itself: 2 dim features. Opposite borders become one place."""

    frequencies: Tensor

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.features = 2 * dim
        self.register_buffer("frequencies", torch.eye(dim))

    def forward(self, x: Float[Tensor, "*n dim"]) -> Float[Tensor, "*n features"]:
        return waves(x, self.frequencies)
