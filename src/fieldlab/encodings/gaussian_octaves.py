"""Random projections in octaves: Gaussian features combined with positional encoding."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fieldlab.config.open import Bandwidth
from fieldlab.encodings.fourier import project


class GaussianOctaves(nn.Module):
    """x -> [Bx, sin Bx, cos Bx, sin 2Bx, cos 2Bx, …, sin 2^L Bx, cos 2^L Bx]: rows (2 L + 3) features.

    `rows` rows of B are drawn once from N(0, sigma^2); `max_octave` is L. The phase is Bx itself: unlike
    `GaussianFourier` there is no factor 2 pi, so sigma is in radians per unit coordinate.
    """

    projection: Tensor
    octaves: Tensor

    def __init__(self, dim: int, *, rows: int, sigma: Bandwidth, max_octave: int) -> None:
        super().__init__()
        if rows < 1:
            raise ValueError(f"rows must be at least 1, not {rows}")
        if sigma <= 0:
            raise ValueError(f"sigma must be positive, not {sigma}")
        if max_octave < 0:
            raise ValueError(f"max_octave must not be negative, but is {max_octave}")
        self.features = rows * (2 * max_octave + 3)
        self.register_buffer("projection", sigma * torch.randn(dim, rows))
        self.register_buffer("octaves", 2.0 ** torch.arange(max_octave + 1))

    def list_octaves(self) -> list[int]:
        """The octave of each feature, -1 where it has none."""
        rows = self.projection.shape[1]
        return [-1] * rows + [octave for octave in range(len(self.octaves)) for _ in range(2 * rows)]

    def forward(self, x: Float[Tensor, "*n dim"]) -> Float[Tensor, "*n features"]:
        projected = project(x, self.projection)
        phase = self.octaves[:, None] * projected[..., None, :]  # [*n, octave, row]
        waves = torch.stack([phase.sin(), phase.cos()], dim=-2)  # [*n, octave, 2, row]
        return torch.cat([projected, waves.flatten(-3)], dim=-1)
