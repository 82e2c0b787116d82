"""Starts: the initial shifts of rolls."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

Draw = Callable[[int | None], Int[Tensor, "m p"]]
Look = Callable[[Float[Tensor, "g 2"], Int[Tensor, "m p"]], Float[Tensor, "m k g n"]]


class Start(ABC):
    """Shifts, in sides of the picture from -1/2 to 1/2, for each of `tries` tries of every roll; the best of them counts in the end.

    Raises:
        ValueError: tries below 1.
    """

    tries: int
    moves: bool = True

    def __init__(self, tries: int) -> None:
        if tries < 1:
            raise ValueError(f"tries must be at least 1, not {tries}")
        self.tries = tries

    @abstractmethod
    def shifts(
        self, shape: tuple[int, int, int], generators: Sequence[torch.Generator], draw: Draw, look: Look
    ) -> Float[Tensor, "m k t n 2"]:
        """The shifts of m members, k cases and n pictures; `draw` gives random pixels, `look` each picture's loss there under each
        of g shifts."""


class ZeroStart(Start):
    """Shifts of 0."""

    moves = False

    def __init__(self) -> None:
        super().__init__(1)

    def shifts(
        self, shape: tuple[int, int, int], generators: Sequence[torch.Generator], draw: Draw, look: Look
    ) -> Float[Tensor, "m k 1 n 2"]:
        m, k, n = shape
        return torch.zeros(m, k, 1, n, 2, device=generators[0].device)


class RandomStart(Start):
    """Uniformly random shifts."""

    def __init__(self, *, tries: int) -> None:
        super().__init__(tries)

    def shifts(
        self, shape: tuple[int, int, int], generators: Sequence[torch.Generator], draw: Draw, look: Look
    ) -> Float[Tensor, "m k t n 2"]:
        _, k, n = shape
        size = (k, self.tries, n, 2)
        return torch.stack([torch.rand(size, generator=g, device=g.device) for g in generators]) - 0.5


class GridStart(Start):
    """The best of `cells` x `cells` shifts, at equal distances, by the loss at so many `pixels` (None: all).

    Raises:
        ValueError: fewer than one cell or pixel, more tries than cells.
    """

    def __init__(self, *, cells: int, tries: int, pixels: int | None) -> None:
        super().__init__(tries)
        if cells < 1 or tries > cells**2:
            raise ValueError(f"cells must be at least 1, and their square no less than tries ({tries}), not {cells}")
        if pixels is not None and pixels < 1:
            raise ValueError(f"pixels must be at least 1, or null for all, not {pixels}")
        self.cells = cells
        self.pixels = pixels

    def shifts(
        self, shape: tuple[int, int, int], generators: Sequence[torch.Generator], draw: Draw, look: Look
    ) -> Float[Tensor, "m k t n 2"]:
        along = (torch.arange(self.cells, device=generators[0].device) - self.cells // 2) / self.cells
        grid = torch.cartesian_prod(along, along).view(-1, 2)
        best = look(grid, draw(self.pixels)).topk(self.tries, dim=2, largest=False).indices
        return grid[best]
