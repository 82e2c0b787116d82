"""Pixels: the image itself."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fieldlab.tasks.visualize.canvases.parameterization import Parameterization


class Pixels(Parameterization):
    """Every value is a parameter, drawn from N(0, sd^2)."""

    def __init__(self, images: int, channels: int, size: tuple[int, int], *, sd: float) -> None:
        super().__init__()
        self.values = nn.Parameter(torch.randn(images, channels, *size) * sd)

    def forward(self) -> Float[Tensor, "n c h w"]:
        return self.values * 1.0  # never the parameter itself: a user may change what comes out

    @torch.no_grad()
    def write(self, images: Float[Tensor, "n c h w"]) -> None:
        self.values.copy_(images)
