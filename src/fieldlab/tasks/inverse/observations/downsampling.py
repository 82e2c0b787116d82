"""Downsampling: a coarser picture is measured, whose pixels are means over the finer ones."""

from typing import Literal, get_args

import torch
from jaxtyping import Float
from torch import Tensor

from fieldlab.tasks.inverse.observations.observation import Local, Pictures, list_samples
from fieldlab.tasks.inverse.yardsticks import enlarge

Kernel = Literal["box", "gaussian", "bicubic"]
REACHES = {"box": 0.5, "gaussian": 1.5, "bicubic": 2.0}  # coarse samples


class Downsample(Local):
    """One measurement for `factor` samples along each axis, the mean over a window around its middle.

    `box`: the samples within the coarse cell. `gaussian`: standard deviation of half a coarse sample. `bicubic`: Keys' kernel with
    a = -1/2, stretched to the coarse spacing, as Pillow reduces pictures. Reflected at the border. Yardsticks of pictures: enlarged
    by cubic and by Lanczos interpolation.

    Raises:
        ValueError: a factor below 2, one that does not divide the grid, a kernel that is none.
    """

    def __init__(self, *, grid: tuple[int, ...], channels: int, factor: int, kernel: Kernel) -> None:
        if factor < 2:
            raise ValueError(f"factor must be at least 2, not {factor}")
        if any(size % factor for size in grid):
            raise ValueError(f"factor {factor} should divide the signal's {' x '.join(map(str, grid))} samples")
        if kernel not in REACHES:
            raise ValueError(f"kernel must be one of {', '.join(get_args(Kernel))}, not {kernel}")
        middle = (factor - 1) / 2  # of a coarse cell, from its first sample
        reach = REACHES[kernel] * factor
        line = torch.arange(-int(reach), factor + int(reach) + 1)
        far = (line - middle) / factor  # from the middle, in coarse samples
        line, far = line[far.abs() < REACHES[kernel]], far[far.abs() < REACHES[kernel]]
        window = weigh(far, kernel)
        offsets = torch.cartesian_prod(*[line] * len(grid)).view(-1, len(grid))
        weights = torch.cartesian_prod(*[window] * len(grid)).view(-1, len(grid)).prod(-1)
        coarse = tuple(size // factor for size in grid)
        super().__init__(grid, channels, factor * list_samples(coarse), offsets, weights / weights.sum())
        self.coarse = coarse

    def draw(self, measured: Float[Tensor, "k w"]) -> Float[Tensor, "h v c"] | None:
        return measured.unflatten(0, self.coarse) if len(self.grid) == 2 else None

    def yardsticks(self, measured: Float[Tensor, "k w"]) -> Pictures:
        return enlarge(measured.unflatten(0, self.coarse), self.grid) if len(self.grid) == 2 else {}


def weigh(far: Float[Tensor, "j"], kernel: Kernel) -> Float[Tensor, "j"]:
    """The kernel at distances in coarse samples."""
    t = far.abs()
    if kernel == "box":
        return torch.ones_like(t)
    if kernel == "gaussian":
        return (-2 * t.square()).exp()
    near = 1.5 * t**3 - 2.5 * t**2 + 1
    return torch.where(t < 1, near, -0.5 * t**3 + 2.5 * t**2 - 4 * t + 2)
