"""Windows: exponentials that fall off to nothing."""

import torch
from jaxtyping import Float
from torch import Tensor

LEAST = -60.0  # exp(LEAST) is 9e-27


def window(exponent: Float[Tensor, "*n"]) -> Float[Tensor, "*n"]:
    """exp(exponent), and exp(-60) below that: nothing beside 1, or a bias.

    Smaller numbers, or products of them, are denormal ones, with which a step of Gaussian activations takes a processor six times as long.
    """
    return torch.exp(exponent.clamp_min(LEAST))
