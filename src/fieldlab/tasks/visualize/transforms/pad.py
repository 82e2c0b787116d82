"""Pad: a margin around an image, for the transforms that follow."""

from typing import Literal

from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import pad

from fieldlab.tasks.visualize.transforms.transform import Transform


class Pad(Transform):
    """`width` pixels on every side: of a constant `value`, or the image's own, reflected (value null).

    Raises:
        ValueError: a negative width.
    """

    def __init__(self, *, width: int, value: float | None) -> None:
        if width < 0:
            raise ValueError(f"width must be at least 0, not {width}")
        self.width = width
        self.value = value

    def __call__(self, images: Float[Tensor, "n c h w"], u: Float[Tensor, "n 0"]) -> Float[Tensor, "n c i j"]:
        mode: Literal["reflect", "constant"] = "reflect" if self.value is None else "constant"
        return pad(images, [self.width] * 4, mode, self.value)
