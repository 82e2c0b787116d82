"""Wrap: from any point to one in the picture, which repeats."""

from abc import ABC, abstractmethod

from jaxtyping import Float
from torch import Tensor


class Wrap(ABC):
    """Canonical coordinates anywhere -> where to read, with a period of 1 along each axis."""

    @abstractmethod
    def __call__(self, x: Float[Tensor, "*n"]) -> Float[Tensor, "*n"]: ...


class Untouched(Wrap):
    """x itself: for fields that are periodic by construction, and for those that are to be read outside their picture."""

    def __call__(self, x: Float[Tensor, "*n"]) -> Float[Tensor, "*n"]:
        return x
