"""Parameterization: what a canvas is optimised in."""

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
        """Set the parameters to what these images, or the nearest there are, are made of.

        Raises:
            ValueError: images cannot be written in this way.
        """

    def join(self, others: Sequence["Parameterization"]) -> None:
        """Take the images of others of the same kind in, behind one's own: parameters have them along their first axis."""
        theirs = [dict(other.named_parameters()) for other in others]
        for name, parameter in self.named_parameters():
            parameter.data = torch.cat([parameter.data, *(named[name].data for named in theirs)])
