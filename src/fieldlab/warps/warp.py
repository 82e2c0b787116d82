"""Warp: where images are read, by learned parameters."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fieldlab.warps.wrap import Wrap


class Warp(nn.Module, ABC):
    """Where each of n images is read: canonical coordinates x (rows, columns) -> canonical coordinates.

    The image that is seen at x is the field at warp(x). A new warp leaves all where it is. Parameters have the images
    along their first axis.
    """

    @abstractmethod
    def forward(self, x: Float[Tensor, "n k 2"]) -> Float[Tensor, "n k 2"]: ...

    def start(self, shift: Float[Tensor, "n 2"]) -> bool:
        """Begin with these shifts, in sides of the picture; whether this warp can shift."""
        return False

    def told(self) -> dict[str, Float[Tensor, "n"]]:
        """What has been learned of each image, in words and numbers."""
        return {}


class Warped(nn.Module):
    """Several warps, one after the other, and a wrap: the first one is the outermost, as seen from the picture.

    Raises:
        ValueError: two warps that tell the same, as two that shift do: neither would mean anything by itself.
    """

    def __init__(self, warps: Sequence[Warp], wrap: Wrap) -> None:
        super().__init__()
        names = [name for warp in warps for name in warp.told()]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(
                f"two moves would both learn {', '.join(sorted(twice)).replace('_', ' ')}; take one of them"
            )
        self.warps = nn.ModuleList(warps)
        self.wrap = wrap

    def forward(self, x: Float[Tensor, "n k 2"]) -> Float[Tensor, "n k 2"]:
        for warp in self.warps:
            x = warp(x)
        return self.wrap(x)

    def start(self, shift: Float[Tensor, "n 2"]) -> None:
        """Begin with these shifts, by the first of the warps that can.

        Raises:
            ValueError: none can.
        """
        if not any(warp.start(shift) for warp in self.warps):  # type: ignore[operator]
            raise ValueError("none of the moves is a shift to begin with")

    def told(self) -> dict[str, Float[Tensor, "n"]]:
        return {name: value for warp in self.warps for name, value in warp.told().items()}  # type: ignore[operator, union-attr]


def in_words(told: Mapping[str, float]) -> str:
    """What has been learned of one image: `by 13.40, -9.30, degrees 2.00`."""
    rest = dict(told)
    shift = [rest.pop(name) for name in ("shift_rows", "shift_columns") if name in rest]
    parts = [f"by {shift[0]:.2f}, {shift[1]:.2f}"] if shift else []
    return ", ".join([*parts, *(f"{name.replace('_', ' ')} {value:.2f}" for name, value in rest.items())])


def about_centre(
    x: Float[Tensor, "n k 2"], matrices: Float[Tensor, "n 2 2"], size: tuple[int, int]
) -> Float[Tensor, "n k 2"]:
    """x with each image's matrix applied around the middle, in pixels: canonical axes differ where the sides do."""
    sides = torch.tensor(size, dtype=x.dtype, device=x.device)
    moved = torch.einsum("nij,nkj->nki", matrices, (x - 0.5) * sides)
    return moved / sides + 0.5
