"""Goal: what is asked of pictures that are read elsewhere."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from fieldlab.metrics import Scores

Shown = tuple[Float[np.ndarray, "h w c"], str]  # a picture, and what is written below it


@dataclass(frozen=True)
class Pictures:
    """What has been memorised, [n, h, w, c] in [0, 1], by name."""

    names: Sequence[str]
    values: Float[Tensor, "n h w c"]

    @property
    def size(self) -> tuple[int, int]:
        return self.values.shape[1], self.values.shape[2]

    @property
    def channels(self) -> int:
        return self.values.shape[3]


class Goal(nn.Module, ABC):
    """A loss for each roll: of m members, in each of k `cases`, of t tries, of n pictures.

    `seen` are values at p pixels; `at` says which of the picture's these are, in reading order. A roll may be judged by any
    part of `places`, or, where it `needs_all`, by all of them in order alone. `shifts` are the true ones, where such are
    known, in pixels.
    """

    pictures: Pictures
    places: Int[Tensor, "p"]
    cases: int = 1
    needs_all: bool = False
    shifts: Float[Tensor, "k 2"] | None = None

    def __init__(self, pictures: Pictures) -> None:
        super().__init__()
        self.pictures = pictures
        rows, columns = pictures.size
        self.register_buffer("places", torch.arange(rows * columns))

    def begin(self, rolls: int) -> None:
        """Make room for what is learned besides the warps, for so many rolls of all pictures."""

    @abstractmethod
    def losses(self, seen: Float[Tensor, "m k t n p c"], at: Int[Tensor, "m p"]) -> Float[Tensor, "m k t q"]:
        """For each picture, q = n, or for all together, q = 1."""

    def alone(self, seen: Float[Tensor, "m k t n p c"], at: Int[Tensor, "m p"]) -> Float[Tensor, "m k t n"]:
        """For each picture as if there were no other."""
        return self.losses(seen, at)

    @abstractmethod
    def scores(self, seen: Float[Tensor, "m k t n p c"]) -> dict[str, Float[Tensor, "m k t q"]]:
        """Of whole pictures."""

    def rendered(self, seen: Float[Tensor, "m k t n p c"]) -> Float[Tensor, "m k t s p c"]:
        """The pictures that a film shows: of each picture one, or those of all together."""
        return seen

    def exact(self, moved_by: Callable[[Float[Tensor, "2"]], Float[Tensor, "n p c"]]) -> Scores:
        """Scores of the pictures moved by the true shifts, in sides, where such are known."""
        return {}

    @property
    def rendered_names(self) -> Sequence[str]:
        return self.pictures.names

    @abstractmethod
    def exhibit(self, shown: Float[Tensor, "k s p c"], told: Sequence[Sequence[str]]) -> list[list[Shown]]:
        """Rows of a sheet from what was `rendered`; `told` is what has been learned, of each case and picture."""

    def picture(self, values: Float[Tensor, "p c"]) -> Float[np.ndarray, "h w c"]:
        """Pixels in reading order as a picture."""
        return values.detach().float().cpu().unflatten(0, self.pictures.size).numpy()
