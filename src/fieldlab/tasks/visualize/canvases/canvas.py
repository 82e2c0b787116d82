"""Canvas: images as a function of what is optimised."""

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fieldlab.tasks.visualize.canvases.colors import Colors
from fieldlab.tasks.visualize.canvases.parameterization import Parameterization

MARGIN = 1e-3  # of the range, at which values are held before the sigmoid is inverted

Bounded = Literal["sigmoid", "clip"]


class Canvas(nn.Module):
    """images = bounded(colors(parameterization())), in [0, 1].

    `sigmoid` squashes; `clip` cuts, and lets gradients through that lead back into the range.
    """

    def __init__(self, parameterization: Parameterization, colors: Colors, bounded: Bounded) -> None:
        super().__init__()
        self.parameterization = parameterization
        self.colors = colors
        self.bounded: Bounded = bounded

    def forward(self) -> Float[Tensor, "n c h w"]:
        return self.render(self.parameterization())

    def render(self, values: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        """The images of a parameterization's values."""
        mixed = self.colors(values)
        return torch.sigmoid(mixed) if self.bounded == "sigmoid" else Clip.apply(mixed)

    def write(self, images: Float[Tensor, "n c h w"]) -> None:
        """Set the parameters so that the canvas shows these images, as far as it can.

        Raises:
            ValueError: a parameterization that cannot be written.
        """
        self.parameterization.write(to_values(images, self.colors, self.bounded))


def to_values(images: Float[Tensor, "n c h w"], colors: Colors, bounded: Bounded) -> Float[Tensor, "n c h w"]:
    """The values of a parameterization whose rendering is these images."""
    return colors.inverse(torch.logit(images.clamp(MARGIN, 1 - MARGIN)) if bounded == "sigmoid" else images)


class Clip(torch.autograd.Function):
    """Clamp to [0, 1]; of values outside only the gradients that lead back pass."""

    @staticmethod
    def forward(context, x: Tensor) -> Tensor:
        context.save_for_backward(x)
        return x.clamp(0, 1)

    @staticmethod
    def backward(context, *slopes: Tensor) -> Tensor:
        [x], [slope] = context.saved_tensors, slopes
        outwards = ((x < 0) & (slope > 0)) | ((x > 1) & (slope < 0))  # descent goes against the slope
        return slope.masked_fill(outwards, 0)
