"""RolledField: a field that is read elsewhere, so that its signal is rolled."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fieldlab.tasks.roll.warps.wrap import Wrap


class RolledField(nn.Module):
    """Phi(wrap(x - s)): what was at x is seen at x + s, and what leaves on one side comes in on the other.

    The shift s, in sides of the unit cube, is a parameter: loss on what is seen can move it.
    """

    def __init__(self, field: nn.Module, shift: Float[Tensor, "dim"], wrap: Wrap) -> None:
        super().__init__()
        self.field = field
        self.shift = nn.Parameter(torch.as_tensor(shift))
        self.wrap = wrap

    def forward(self, x: Float[Tensor, "*n dim"]) -> Float[Tensor, "*n c"]:
        return self.field(self.wrap(x - self.shift))
