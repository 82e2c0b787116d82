"""Parameterization: the parameters of a canvas, and the images that they stand for."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn


class Parameterization(nn.Module, ABC):
    """n images of c channels, h x w pixels, as a function of parameters; their values may be any number."""

    @abstractmethod
    def forward(self) -> Float[Tensor, "n c h w"]: ...

    @abstractmethod
    def write(self, images: Float[Tensor, "n c h w"]) -> None:
        """Set the parameters to those of these images, or of the nearest that there are.

        Raises:
            ValueError: images cannot be written in this way.
        """

    def join(self, others: Sequence["Parameterization"]) -> None:
        """Append the images of others of the same kind: parameters have the images along their first axis."""
        theirs = [dict(other.named_parameters()) for other in others]
        for name, parameter in self.named_parameters():
            parameter.data = torch.cat([parameter.data, *(named[name].data for named in theirs)])
