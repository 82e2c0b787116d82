"""Painted: images that are the values of fields, at any resolution."""

from collections.abc import Callable, Sequence

from jaxtyping import Float
from torch import Tensor

from fieldlab.field import Ensemble, Field
from fieldlab.signals.grid import centres
from fieldlab.tasks.visualize.canvases.parameterization import Parameterization


class Painted(Parameterization):
    """Each image is the values of a field of its own at pixel centres, on the unit cube like a fit's.

    A field's output should be the identity here: the canvas has a range of its own.
    """

    x: Tensor

    def __init__(self, images: int, size: tuple[int, int], *, make: Callable[[], Field]) -> None:
        super().__init__()
        self.size = size
        self.fields = Ensemble([make() for _ in range(images)])
        self.register_buffer("x", centres(size))

    def forward(self) -> Float[Tensor, "n c h w"]:
        return self.at(self.x, self.size)

    def at(self, x: Float[Tensor, "k 2"], size: Sequence[int]) -> Float[Tensor, "n c h w"]:
        """The same images at other points, or at more of them."""
        values = self.fields(x.expand(self.fields.members, -1, -1))
        return values.movedim(-1, 1).unflatten(-1, tuple(size))

    def write(self, images: Float[Tensor, "n c h w"]) -> None:
        raise ValueError(
            "a field is fitted to an image, not written; pixels, fourier, pyramid and phase can begin with one"
        )

    def join(self, others: Sequence[Parameterization]) -> None:
        painted = [self, *(other for other in others if isinstance(other, Painted))]
        self.fields = Ensemble([part.fields.member(i) for part in painted for i in range(part.fields.members)])
