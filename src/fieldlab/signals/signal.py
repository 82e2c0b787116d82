"""Signal: what a field is fitted to."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from fieldlab.signals.medium import Medium


@dataclass(frozen=True)
class Signal(ABC):
    """Samples of c channels in canonical values [0, 1], at canonical coordinates, the unit cube of `dim` axes.

    Samples lie on a grid or are n scattered ones, whose `grid` is (n,). `span` are the original values that 0 and 1
    stand for, None for pictures, whose range is always [0, 1]. `mask` marks the samples of the region `mask`. `centre` is
    the place in space, in original units, of the middle of the cube, None where there is no such space. `medium` writes
    values as the signal's own file has them, None for what pictures show whole.
    """

    name: str
    values: Float[Tensor, "*grid c"]
    span: tuple[float, float] | None = field(default=None, kw_only=True)
    mask: Bool[Tensor, "*grid"] | None = field(default=None, kw_only=True)
    centre: tuple[float, float, float] | None = field(default=None, kw_only=True)
    medium: Medium | None = field(default=None, kw_only=True)

    @property
    def grid(self) -> tuple[int, ...]:
        return tuple(self.values.shape[:-1])

    @property
    def samples(self) -> int:
        return torch.Size(self.grid).numel()

    @property
    def channels(self) -> int:
        return self.values.shape[-1]

    @property
    @abstractmethod
    def dim(self) -> int:
        """The number of axes of the space that the samples lie in."""

    @abstractmethod
    def coordinates(self) -> Float[Tensor, "n dim"]:
        """Canonical coordinates of every sample, in the order of `values.flatten(0, -2)` (last axis fastest)."""
