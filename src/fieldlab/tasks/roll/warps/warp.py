"""Warp: where images are read, by learned parameters."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

from jaxtyping import Float
from torch import Tensor, nn

from fieldlab.tasks.roll.warps.wrap import Wrap


class Warp(nn.Module, ABC):
    """Where each of n images is read: canonical coordinates x (rows, columns) -> canonical coordinates.

    The image that is seen at x is the field at warp(x). A new warp leaves all where it is. Parameters have the images
    along their first axis.
    """

    @abstractmethod
    def forward(self, x: Float[Tensor, "n k 2"]) -> Float[Tensor, "n k 2"]: ...

    def set_shift(self, shift: Float[Tensor, "n 2"]) -> bool:
        """Set these shifts, in sides of the picture; whether this warp can shift."""
        return False

    def describe(self) -> dict[str, Float[Tensor, "n"]]:
        """What has been learned of each image: numbers by name."""
        return {}


class WarpSequence(nn.Module):
    """Several warps, one after the other, and a wrap: the first one is the outermost, as seen from the picture.

    Raises:
        ValueError: two warps that describe the same, as two that shift do: neither would mean anything by itself.
    """

    def __init__(self, warps: Sequence[Warp], wrap: Wrap) -> None:
        super().__init__()
        names = [name for warp in warps for name in warp.describe()]
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

    def set_shift(self, shift: Float[Tensor, "n 2"]) -> None:
        """Set these shifts in the first of the warps that can.

        Raises:
            ValueError: none can.
        """
        if not any(warp.set_shift(shift) for warp in self.warps):  # type: ignore[operator]
            raise ValueError("none of the moves is a shift to begin with")

    def describe(self) -> dict[str, Float[Tensor, "n"]]:
        return {name: value for warp in self.warps for name, value in warp.describe().items()}  # type: ignore[operator, union-attr]


def format_moves(values: Mapping[str, float]) -> str:
    """What has been learned of one image as text: `by 13.40, -9.30, degrees 2.00`."""
    rest = dict(values)
    shift = [rest.pop(name) for name in ("shift_rows", "shift_columns") if name in rest]
    parts = [f"by {shift[0]:.2f}, {shift[1]:.2f}"] if shift else []
    return ", ".join([*parts, *(f"{name.replace('_', ' ')} {value:.2f}" for name, value in rest.items())])
