"""Goal: a loss of pictures that are read elsewhere."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from fieldlab.metrics import Scores

CaptionedImage = tuple[Float[np.ndarray, "h w c"], str]  # a picture, and what is written below it


@dataclass(frozen=True)
class Pictures:
    """Memorised pictures [n, h, w, c] in [0, 1], by name."""

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

    `seen` are values at p pixels; `at` are the numbers of these in the picture, in reading order. A roll may be judged by any
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

    def add_parameters(self, rolls: int) -> None:
        """Add the parameters that are learned besides the warps, for so many rolls of all pictures."""

    @abstractmethod
    def losses(self, seen: Float[Tensor, "m k t n p c"], at: Int[Tensor, "m p"]) -> Float[Tensor, "m k t q"]:
        """The losses of each picture, q = n, or of all together, q = 1."""

    def losses_alone(self, seen: Float[Tensor, "m k t n p c"], at: Int[Tensor, "m p"]) -> Float[Tensor, "m k t n"]:
        """The losses of each picture as if there were no other."""
        return self.losses(seen, at)

    @abstractmethod
    def scores(self, seen: Float[Tensor, "m k t n p c"]) -> dict[str, Float[Tensor, "m k t q"]]:
        """The scores of whole pictures."""

    def render(self, seen: Float[Tensor, "m k t n p c"]) -> Float[Tensor, "m k t s p c"]:
        """The images that a film shows: one of each picture, or those of all together."""
        return seen

    def score_exact(self, roll: Callable[[Float[Tensor, "2"]], Float[Tensor, "n p c"]]) -> Scores:
        """The scores of the pictures rolled by the true shifts, in sides, where such are known."""
        return {}

    @property
    def rendered_names(self) -> Sequence[str]:
        """The names of the rendered images."""
        return self.pictures.names

    @abstractmethod
    def arrange(
        self, images: Float[Tensor, "k s p c"], captions: Sequence[Sequence[str]]
    ) -> list[list[CaptionedImage]]:
        """The rows of a sheet from rendered images; `captions` say what has been learned, of each case and picture."""

    def picture(self, values: Float[Tensor, "p c"]) -> Float[np.ndarray, "h w c"]:
        """Pixels in reading order as a picture."""
        return values.detach().float().cpu().unflatten(0, self.pictures.size).numpy()
