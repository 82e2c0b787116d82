"""Formulas as signals: an analytic function on a grid, as the known solution of an equation."""

import torch

from fieldlab.config.files import Label
from fieldlab.errors import suggest
from fieldlab.expressions import Expression
from fieldlab.operators import AXES, FUNCTIONS
from fieldlab.signals.grid import Alignment, Grid, positions


def formula(*, name: Label, formula: str, size: list[int], alignment: Alignment) -> Grid:
    """`formula` of the coordinates x0, x1, x2 in [0, 1] and pi, at `size` samples along each axis.

    Its values must lie in [0, 1], as all canonical values do: of a wave w in [-1, 1] take (1 + w) / 2.

    Raises:
        ValueError: a formula that cannot be computed, or whose values leave [0, 1].
    """
    if not 1 <= len(size) <= len(AXES) or min(size) < 2:
        raise ValueError(f"size must be 1 to 3 numbers from 2 on, not {size}")
    expression = Expression(formula, FUNCTIONS)
    axes = dict(zip(AXES, torch.meshgrid(*(positions(n, alignment) for n in size), indexing="ij"), strict=False))
    for unknown in set(expression.names) - axes.keys():
        raise ValueError(f"formula: {unknown} is no coordinate{suggest(unknown, axes)}")
    values = expression(*(axes[name].double() for name in expression.names))
    values = torch.as_tensor(values, dtype=torch.float64).expand(size)
    low, high = values.amin().item(), values.amax().item()
    if not (low >= -1e-9 and high <= 1 + 1e-9):
        raise ValueError(f"formula: its values should lie in [0, 1], but reach from {low:.3g} to {high:.3g}")
    return Grid(name, values.clamp(0, 1).float()[..., None].contiguous(), alignment)
