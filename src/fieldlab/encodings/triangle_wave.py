"""Triangle waves in octaves, the cheap sines of neural radiance caching (Müller et al. 2021, arXiv:2106.12372), as in tiny-cuda-nn."""

import torch
from jaxtyping import Float
from torch import Tensor, nn


class TriangleWave(nn.Module):
    """x -> 4 |v - floor(v) - 1/2| - 1 with v = 2^(k-1) x + k/4 for k = 0 … waves-1, each axis by itself: dim waves features.

    Waves have no partner a quarter of a period away, as sines have in cosines: the shift k/4 stands for it. Slopes are
    constant but where they jump, so that there is no second derivative.
    """

    frequencies: Tensor
    shifts: Tensor

    def __init__(self, dim: int, *, waves: int) -> None:
        super().__init__()
        if waves < 1:
            raise ValueError(f"waves must be at least 1, not {waves}")
        self.features = dim * waves
        self.register_buffer("frequencies", 2.0 ** (torch.arange(waves) - 1))
        self.register_buffer("shifts", torch.arange(waves) / 4)

    def list_octaves(self) -> list[int]:
        """The octave of each feature."""
        octaves = len(self.frequencies)
        return list(range(octaves)) * (self.features // octaves)

    def forward(self, x: Float[Tensor, "*n dim"]) -> Float[Tensor, "*n features"]:
        v = x[..., None] * self.frequencies + self.shifts
        return (4 * (v - v.floor() - 0.5).abs() - 1).flatten(-2)
