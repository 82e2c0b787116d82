"""Query: a fitted field at sample positions, in the signal's own units."""

import copy
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from fieldlab import weights
from fieldlab.config.instantiate import build
from fieldlab.errors import InputError
from fieldlab.field import POINTS_AT_ONCE
from fieldlab.operators import Function, value
from fieldlab.runs.result import read_result
from fieldlab.signals import stencils
from fieldlab.signals.grid import Grid, canonical
from fieldlab.signals.interpolation import cubic
from fieldlab.signals.splits import Split
from fieldlab.tasks.roll.warps.floor import Floor
from fieldlab.tasks.roll.warps.rolled_field import RolledField
from fieldlab.tasks.roll.warps.wrap import Wrap

Region = Sequence[float]
Operator = Callable[[Function, Tensor], Tensor]


class Query:
    """The field in a fit's folder, with the grid, alignment and units of its signal.

    Positions are those of samples: 3 is the centre of the fourth pixel of an axis, 3.5 the edge to the next.
    A region is given by edges like a slice: (0, 0, rows, columns) is the whole picture, pixel i reaches from
    edge i to i + 1.

    Raises:
        InputError: a folder without a finished fit, the fit of a shape, or weights that do not match their configuration.
    """

    def __init__(self, folder: str | Path) -> None:
        self.result = read_result(Path(folder))
        if self.result.centre is not None:
            raise InputError(f"{folder}: is the fit of a shape; ask fieldlab.Shape")
        self.field: nn.Module = weights.load(folder)
        self.grid = tuple(self.result.grid)
        self.alignment = self.result.config["signal"]["alignment"]

    def at(
        self, positions: Sequence[Sequence[float]] | Float[Tensor, "n dim"], operator: Operator = value
    ) -> Float[Tensor, "n ..."]:
        """Values at sample positions, in the signal's original units; or a derivative, per side of the unit cube.

        Raises:
            InputError: positions of another dimension than the signal's.
        """
        points = torch.as_tensor(positions, dtype=torch.float64)
        if points.ndim != 2 or points.shape[-1] != len(self.grid):
            raise InputError(f"positions: each needs {len(self.grid)} numbers, one for each axis of the signal")
        axes = zip(points.unbind(-1), self.grid, strict=True)
        x = torch.stack([canonical(i, size, self.alignment) for i, size in axes], dim=-1)
        with torch.no_grad():
            y = torch.cat([operator(self.field, block) for block in x.split(POINTS_AT_ONCE)])
        low, high = self.result.span or (0.0, 1.0)
        return (low if operator is value else 0.0) + (high - low) * y

    def render(
        self, size: Sequence[int], region: Region | None = None, operator: Operator = value
    ) -> Float[np.ndarray, "..."]:
        """The region (by default all of it) sampled at `size` positions, cell centres, in blocks: [*size, c], or what
        another operator yields, as [*size, c, dim] for `fieldlab.operators.gradient`."""
        parts = [self.at(positions, operator).numpy() for _, positions in blocks(size, self.edges(region))]
        whole = np.concatenate(parts)
        return whole.reshape(*size, *whole.shape[1:])

    def rolled(self, shift: Sequence[float], wrap: Wrap | None = None) -> "Query":
        """A query of the signal rolled by so many samples along each axis, as `numpy.roll` moves it; fractions too.

        The default wrap is the exact one, `fieldlab.tasks.roll.warps.floor.Floor`.

        Raises:
            InputError: another number of shifts than axes; a signal whose first and last samples are both on the border.
        """
        if len(shift) != len(self.grid):
            raise InputError(
                f"shift: {list(shift)} should be {len(self.grid)} numbers, one for each axis of the signal"
            )
        if self.alignment == "corners":
            raise InputError("shift: with alignment=corners the first and the last sample would be at one place")
        sides = torch.tensor([by / size for by, size in zip(shift, self.grid, strict=True)])
        there = copy.copy(self)
        there.field = RolledField(self.field, sides, wrap or Floor()).requires_grad_(False)
        return there

    def of_signal(self) -> dict[str, Float[np.ndarray, "..."]]:
        """The signal's own `value`, `gradient` and `laplacian` at its samples, by the fit's stencil.

        Raises:
            InputError: the signal's file has gone.
        """
        signal: Grid = build(self.result.config["signal"], "signal")
        low, high = signal.span or (0.0, 1.0)
        stencil = self.result.config["task"]["stencil"]
        return {
            "value": low + (high - low) * signal.values.numpy(),
            "gradient": (high - low) * stencils.gradient(signal, stencil).numpy(),
            "laplacian": (high - low) * stencils.laplacian(signal).numpy(),
        }

    def bicubic(self, size: Sequence[int], region: Region | None = None) -> Float[np.ndarray, "*size c"]:
        """`render` by cubic interpolation from the same training samples: what the field has to beat.

        Raises:
            InputError: the signal's file has gone, or its samples allow no cubic interpolation.
        """
        signal: Grid = build(self.result.config["signal"], "signal")
        split: Split = build(self.result.config["split"], "split", grid=signal.grid)
        at = np.concatenate([positions.numpy() for _, positions in blocks(size, self.edges(region))])
        values = cubic(signal, split, at)
        if values is None:
            raise InputError("--compare: these training samples allow no cubic interpolation")
        low, high = signal.span or (0.0, 1.0)
        return (low + (high - low) * values).numpy().reshape(*size, -1)

    def edges(self, region: Region | None) -> list[tuple[float, float]]:
        """The region's lower and upper edge along each axis."""
        dim = len(self.grid)
        bounds = [0.0] * dim + list(map(float, self.grid)) if region is None else list(region)
        pairs = list(zip(bounds[:dim], bounds[dim:], strict=False))
        if len(bounds) != 2 * dim or any(not low < high for low, high in pairs):
            raise InputError(f"region: {region} should be {dim} lower edges and then {dim} upper edges")
        return pairs


def blocks(
    size: Sequence[int], edges: Sequence[tuple[float, float]]
) -> Iterator[tuple[slice, Float[Tensor, "n dim"]]]:
    """Sample positions of the cell centres, in order, at most `POINTS_AT_ONCE` at a time."""
    total = int(np.prod(size, dtype=int))
    for start in range(0, total, POINTS_AT_ONCE):
        part = slice(start, min(start + POINTS_AT_ONCE, total))
        cells = np.unravel_index(np.arange(part.start, part.stop), tuple(size))
        axes = zip(cells, size, edges, strict=True)
        positions = [low + (cell + 0.5) / n * (high - low) - 0.5 for cell, n, (low, high) in axes]
        yield part, torch.from_numpy(np.stack(positions, axis=-1))
