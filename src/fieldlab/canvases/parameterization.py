"""Parameterization: what a canvas is optimised in."""

from abc import ABC, abstractmethod

from jaxtyping import Float
from torch import Tensor, nn


class Parameterization(nn.Module, ABC):
    """n images of c channels, h x w pixels, as a function of parameters; their values may be any number."""

    @abstractmethod
    def forward(self) -> Float[Tensor, "n c h w"]: ...

    @abstractmethod
    def write(self, images: Float[Tensor, "n c h w"]) -> None:
        """Set the parameters to what these images, or the nearest there are, are made of.

        Raises:
            ValueError: images cannot be written in this way.
        """
