"""Positional encoding: sines and cosines of each axis in octaves (Mildenhall et al. 2020, arXiv:2003.08934)."""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fieldlab.config.open import Octaves


class Positional(nn.Module):
    """x -> [x, sin 2^l x, cos 2^l x] for l = 0 … L-1, each axis by itself: 2 L dim + dim features.

    `num_octaves` is L. `times_pi` reads sin 2^l pi x instead, as NeRF writes it and as the SIREN authors'
    baseline does; without it this is the encoding of the FINER authors' baseline. `include_coordinate`
    keeps the leading x. Not to be confused with the "positional" rows of the Fourier features paper,
    whose frequencies need not be octaves.
    """

    frequencies: Tensor

    def __init__(self, dim: int, *, num_octaves: Octaves, times_pi: bool, include_coordinate: bool) -> None:
        super().__init__()
        if num_octaves < 1:
            raise ValueError(f"num_octaves must be at least 1, not {num_octaves}")
        self.include_coordinate = include_coordinate
        self.features = 2 * num_octaves * dim + dim * include_coordinate
        octaves = 2.0 ** torch.arange(num_octaves)
        self.register_buffer("frequencies", octaves * math.pi if times_pi else octaves)

    def list_octaves(self) -> list[int]:
        """The octave of each feature, -1 where it has none."""
        octaves, dim = len(self.frequencies), self.features // (2 * len(self.frequencies) + self.include_coordinate)
        return [-1] * (dim * self.include_coordinate) + 2 * dim * list(range(octaves))

    def forward(self, x: Float[Tensor, "*n dim"]) -> Float[Tensor, "*n features"]:
        phase = (x[..., None] * self.frequencies).flatten(-2)  # [*n, dim * L]
        raw = [x] if self.include_coordinate else []
        return torch.cat([*raw, phase.sin(), phase.cos()], dim=-1)
