"""Transform: a change of images that depends on a few random numbers for each of them."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor


class Transform(ABC):
    """Images [n, c, h, w] and for each of them `numbers` numbers, uniform in [0, 1), -> images, perhaps of another size.

    All that is random comes from those numbers, so that whoever draws them can repeat a step.
    """

    numbers: int = 0

    @abstractmethod
    def __call__(self, images: Float[Tensor, "n c h w"], u: Float[Tensor, "n k"]) -> Float[Tensor, "n c i j"]: ...


class TransformSequence(Transform):
    """Several transforms, one after the other; none: the images as they are."""

    def __init__(self, transforms: Sequence[Transform]) -> None:
        self.transforms = list(transforms)
        self.numbers = sum(transform.numbers for transform in transforms)

    def __call__(self, images: Float[Tensor, "n c h w"], u: Float[Tensor, "n k"]) -> Float[Tensor, "n c i j"]:
        parts = torch.split(u, [transform.numbers for transform in self.transforms], dim=1)
        for transform, part in zip(self.transforms, parts, strict=True):
            images = transform(images, part)
        return images


def interpolate(low: float, high: float, u: Float[Tensor, "*n"]) -> Float[Tensor, "*n"]:
    """The numbers at shares u of the way from low to high."""
    return low + (high - low) * u


def check_interval(name: str, interval: Sequence[float], *, above: float) -> tuple[float, float]:
    """The interval's two ends.

    Raises:
        ValueError: no interval, or one that starts too low.
    """
    if len(interval) != 2 or not above < interval[0] <= interval[1]:
        raise ValueError(f"{name} must be two numbers above {above:g}, low before high, not {list(interval)}")
    return interval[0], interval[1]
