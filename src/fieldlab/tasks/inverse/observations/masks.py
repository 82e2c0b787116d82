"""Masks: some samples are measured, the others are not."""

import math
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from fieldlab.config.files import File
from fieldlab.signals.images import load
from fieldlab.tasks.inverse.observations.observation import Local, Pictures
from fieldlab.tasks.inverse.yardsticks import fill

HIDDEN = 0.5  # the grey of what is not measured, in pictures


class Masked(Local):
    """The samples where `seen` is true. Yardsticks of pictures: biharmonic inpainting, and cubic interpolation between scattered samples.

    Raises:
        ValueError: a mask that leaves nothing to be seen, or hides nothing.
    """

    def __init__(self, grid: tuple[int, ...], channels: int, seen: Bool[Tensor, "*grid"]) -> None:
        places = seen.nonzero()
        if not 0 < len(places) < seen.numel():
            raise ValueError(
                f"the mask shows {len(places)} of {seen.numel()} samples; some should be seen, and some not"
            )
        super().__init__(grid, channels, places, torch.zeros(1, len(grid), dtype=torch.int64), torch.ones(1))
        self.seen = seen

    def draw(self, measured: Float[Tensor, "k w"]) -> Float[Tensor, "h v c"] | None:
        if len(self.grid) != 2:
            return None
        shown = torch.full((*self.grid, self.channels), HIDDEN)
        shown[self.seen] = measured
        return shown

    def yardsticks(self, measured: Float[Tensor, "k w"]) -> Pictures:
        return fill(measured, self.seen) if len(self.grid) == 2 else {}


class RandomShare(Masked):
    """A random `fraction` of the samples, drawn with a `seed` of its own.

    Raises:
        ValueError: a fraction that is none.
    """

    def __init__(self, *, grid: tuple[int, ...], channels: int, fraction: float, seed: int) -> None:
        if not 0 < fraction < 1:
            raise ValueError(f"fraction must be between 0 and 1, not {fraction}")
        total = math.prod(grid)
        seen = torch.zeros(total, dtype=torch.bool)
        order = torch.randperm(total, generator=torch.Generator().manual_seed(seed))
        seen[order[: round(fraction * total)]] = True
        super().__init__(grid, channels, seen.unflatten(0, grid))


class Blocks(Masked):
    """All but `blocks` hidden squares (or cubes) of `side` samples, at places drawn with a `seed` of its own; they may overlap.

    Raises:
        ValueError: no blocks, blocks that are larger than the grid.
    """

    def __init__(self, *, grid: tuple[int, ...], channels: int, blocks: int, side: int, seed: int) -> None:
        if blocks < 1:
            raise ValueError(f"blocks must be at least 1, not {blocks}")
        if not 0 < side < min(grid):
            raise ValueError(f"side must be from 1 to below {min(grid)}, the signal's, not {side}")
        generator = torch.Generator().manual_seed(seed)
        seen = torch.ones(grid, dtype=torch.bool)
        for _ in range(blocks):
            corner = [int(torch.randint(size - side + 1, (1,), generator=generator)) for size in grid]
            seen[tuple(slice(start, start + side) for start in corner)] = False
        super().__init__(grid, channels, seen)


class MaskPicture(Masked):
    """What is bright in a picture of the size of the signal, or one that is brought to it: above half of white is seen.

    Raises:
        ValueError: a signal that is no picture.
        InputError: a picture that cannot be read.
    """

    def __init__(self, *, grid: tuple[int, ...], channels: int, path: File) -> None:
        if len(grid) != 2:
            raise ValueError(f"a mask picture masks pictures, and this signal has {len(grid)} axes")
        how: Any = {"channels": "grey", "size": list(grid), "background": "white"}
        picture = torch.from_numpy(load(path, "observe.path", **how))
        super().__init__(grid, channels, picture[..., 0] > 0.5)
