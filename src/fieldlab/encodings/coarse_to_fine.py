"""Coarse to fine: octaves open one after the other while a field trains (BARF, Lin et al. 2021, arXiv:2104.06405)."""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn


class CoarseToFine(nn.Module):
    """The features of an `encoding` of octaves, those of octave k times w_k = (1 - cos(pi clamp(a - k, 0, 1))) / 2.

    a = L (t - start) / (end - start) with L octaves, and t the share of all steps that were taken: octave k opens while a goes from k to
    k + 1, and from t = `end` on this is the encoding itself. Features without an octave, like the coordinates of `Positional`, are
    there from the beginning. BARF takes 8 octaves, 0 and 0.4 for a picture. The levels of a grid are octaves too.

    Raises:
        ValueError: an encoding without octaves, or times that are not 0 <= start < end <= 1.
    """  # a buffer that training changes: fieldlab.field.Advances

    advancing: Sequence[str] = ("progress",)
    progress: Tensor
    octaves: Tensor

    def __init__(self, dim: int, *, encoding: Callable[..., nn.Module], start: float, end: float) -> None:
        super().__init__()
        if not 0 <= start < end <= 1:
            raise ValueError(f"start and end are shares of the steps, 0 <= start < end <= 1, not {start} and {end}")
        self.encoding = encoding(dim)
        list_octaves = getattr(self.encoding, "list_octaves", None)
        if list_octaves is None:
            raise ValueError(
                f"encoding: {type(self.encoding).__name__} has no octaves that could open one after the other"
            )
        octaves = list_octaves()
        self.features = len(octaves)
        self.start, self.end, self.count = start, end, max(octaves) + 1
        self.register_buffer("octaves", torch.tensor(octaves))
        self.register_buffer("progress", torch.tensor(0.0))

    def advance(self, step: int, steps: int) -> None:
        self.progress.fill_(step / steps)

    def forward(self, x: Float[Tensor, "*n dim"]) -> Float[Tensor, "*n features"]:
        opened = self.count * (self.progress - self.start) / (self.end - self.start)
        share = (1 - torch.cos(torch.pi * (opened - self.octaves).clamp(0, 1))) / 2
        return self.encoding(x) * torch.where(self.octaves < 0, torch.ones_like(share), share)
