"""Real Gabor activations: WIRE without complex numbers (Saragadam et al. 2023, arXiv:2301.05187; real in the code of others)."""

import torch
from jaxtyping import Float
from torch import Tensor

from fieldlab.networks.dense import Dense, check_positive
from fieldlab.networks.window import window


class Gabor(Dense):
    """`depth` layers sin(omega_0 z) exp(-(scale z)^2), z = W h + b, of `width`, then a linear layer; weights as torch draws them.

    A sine under a Gaussian: `omega_0` is its frequency, and 1 / scale its width. WIRE's own code for real Gabors has a cosine, which
    at z = 0 has no slope; the sine is that of the Muon comparison, with 20 and 10.
    """

    omega_0: Tensor
    scale: Tensor

    def __init__(self, features: int, channels: int, *, width: int, depth: int, omega_0: float, scale: float) -> None:
        check_positive(omega_0=omega_0, scale=scale)
        super().__init__(features, channels, width=width, depth=depth, draw=None)
        self.register_buffer("omega_0", torch.tensor(float(omega_0)))
        self.register_buffer("scale", torch.tensor(float(scale)))

    def activate(self, z: Float[Tensor, "*n width"], layer: int) -> Float[Tensor, "*n width"]:
        return torch.sin(self.omega_0 * z) * window(-((self.scale * z) ** 2))
