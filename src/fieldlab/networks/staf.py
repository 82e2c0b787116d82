"""STAF: activations that are trained sums of sines (Morsali et al. 2025, arXiv:2502.00869), as in the authors' code."""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fieldlab.networks.dense import Dense, check_positive


class Staf(Dense):
    """`depth` layers sum_i b_i sin(w_i z + phi_i), i = 1 … sines, z = W h + b, of `width`, then a linear layer.

    Each layer has w = omega_0 U(0, 1), phi ~ U(-pi, pi) and b = s sqrt(|l|) with l ~ Laplace(0, 1 / (2 sines)) and s its sign, all trained;
    weights as torch draws them. `skip` adds z to all layers but the first: the authors' code does for images, the paper does not say so.
    """

    def __init__(
        self,
        features: int,
        channels: int,
        *,
        width: int,
        depth: int,
        sines: int,
        first_omega_0: float,
        hidden_omega_0: float,
        skip: bool,
    ) -> None:
        if sines < 1:
            raise ValueError(f"sines must be at least 1, not {sines}")
        check_positive(first_omega_0=first_omega_0, hidden_omega_0=hidden_omega_0)
        super().__init__(features, channels, width=width, depth=depth, draw=None)
        omega_0 = torch.tensor([first_omega_0] + [hidden_omega_0] * (depth - 1))
        self.frequencies = nn.Parameter(omega_0[:, None] * torch.rand(depth, sines))
        self.phases = nn.Parameter(torch.empty(depth, sines).uniform_(-math.pi, math.pi))
        drawn = torch.distributions.Laplace(0.0, 1 / (2 * sines)).sample((depth, sines))
        self.amplitudes = nn.Parameter(drawn.sign() * drawn.abs().sqrt())
        self.skip = skip

    def activate(self, z: Float[Tensor, "*n width"], layer: int) -> Float[Tensor, "*n width"]:
        waves = torch.zeros_like(z)
        for b, w, phi in zip(self.amplitudes[layer], self.frequencies[layer], self.phases[layer], strict=True):
            waves = waves + b * torch.sin(w * z + phi)
        return waves + z if self.skip and layer else waves
