"""SIREN: periodic activations (Sitzmann et al. 2020, arXiv:2006.09661), initialised as in the authors' code."""

import itertools
import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fieldlab.config.open import Frequency
from fieldlab.networks.linear import FirstLinear, check_sizes


class Siren(nn.Module):
    """`depth` layers sin(omega_0 (W h + b)) of `width`, then a linear layer; omega_0 multiplies the bias too.

    First weights ~ U(-1/n, 1/n); hidden and last weights ~ U(-sqrt(6/n)/omega_0, sqrt(6/n)/omega_0) with n the
    fan-in; biases ~ U(-1/sqrt(n), 1/sqrt(n)), torch's default. The pre-activations omega_0 (W h + b) of the hidden
    layers are then close to normal, with a variance of 2 E[h^2], about 1, and what the bias adds, omega_0^2 / (3 n).
    The paper's text gives the first layer another range; its authors say that the code is right.
    """  # omega_0 are buffers: members with different omega_0 still stack

    def __init__(
        self,
        features: int,
        channels: int,
        *,
        width: int,
        depth: int,
        first_omega_0: Frequency,
        hidden_omega_0: float,
    ) -> None:
        super().__init__()
        check_sizes(width, depth)
        if first_omega_0 <= 0 or hidden_omega_0 <= 0:
            raise ValueError(f"omega_0 must be positive, not {first_omega_0} and {hidden_omega_0}")
        sizes = itertools.pairwise([features] + [width] * depth)
        self.sines = nn.ModuleList(
            Sine(nn.Linear(i, o), hidden_omega_0, math.sqrt(6 / i) / hidden_omega_0)
            if layer
            else Sine(FirstLinear(i, o), first_omega_0, 1 / i)
            for layer, (i, o) in enumerate(sizes)
        )
        self.last = nn.Linear(width, channels)
        bound = math.sqrt(6 / width) / hidden_omega_0
        nn.init.uniform_(self.last.weight, -bound, bound)

    def activate(self, z: Float[Tensor, "*n width"], layer: int) -> Float[Tensor, "*n width"]:
        """sin(omega_0 z) with the omega_0 of this layer."""
        return torch.sin(self.sines[layer].get_buffer("omega_0") * z)

    def forward(self, h: Float[Tensor, "*n features"]) -> Float[Tensor, "*n c"]:
        for sine in self.sines:
            h = sine(h)
        return self.last(h)


class Sine(nn.Module):
    """h -> sin(omega_0 (W h + b)), with W ~ U(-bound, bound)."""

    omega_0: Tensor

    def __init__(self, linear: nn.Linear, omega_0: float, bound: float) -> None:
        super().__init__()
        self.linear = linear
        self.register_buffer("omega_0", torch.tensor(float(omega_0)))
        nn.init.uniform_(linear.weight, -bound, bound)

    def forward(self, h: Float[Tensor, "*n i"]) -> Float[Tensor, "*n o"]:
        return torch.sin(self.omega_0 * self.linear(h))
