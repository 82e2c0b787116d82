"""The waves that every Fourier feature mapping computes, for whichever frequencies."""

import math

import torch
from jaxtyping import Float
from torch import Tensor


def waves(x: Float[Tensor, "*n dim"], frequencies: Float[Tensor, "dim rows"]) -> Float[Tensor, "*n 2*rows"]:
    """x -> [cos 2 pi x B, sin 2 pi x B]; the columns of B are frequencies in cycles per unit coordinate."""
    phase = 2 * math.pi * project(x, frequencies)
    return torch.cat([phase.cos(), phase.sin()], dim=-1)


def project(x: Float[Tensor, "*n dim"], frequencies: Float[Tensor, "dim rows"]) -> Float[Tensor, "*n rows"]:
    """x B, exactly: as sums on a GPU, where products may be of 11 bits (TF32), too few for coordinates."""
    return (x[..., None] * frequencies).sum(-2) if x.is_cuda else x @ frequencies
