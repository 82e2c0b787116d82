"""FeatureMap: a kernel by the features whose inner product it is, which need never be written down."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from jaxtyping import Float
from torch import Tensor

from fieldlab.field import Advances, Field, build_field, draw, to_doubles


class FeatureMap(ABC):
    """k(x, x') = phi(x) . phi(x'), for features phi of a field, in double precision.

    Sums of features over points, `pull`, and products of points' features with such a sum, `push`, are all that a prediction
    needs: f(x) = sum_i k(x, x_i) alpha_i = push(x, pull(x_i, alpha)).
    """

    def __init__(self, field: Field) -> None:
        self.field = field

    @abstractmethod
    def pull(self, x: Float[Tensor, "n dim"], alpha: Float[Tensor, "n"]) -> Any:
        """sum_i phi(x_i) alpha_i, in whatever form."""

    @abstractmethod
    def push(self, x: Float[Tensor, "n dim"], theta: Any) -> Float[Tensor, "n"]:
        """phi(x_i) . theta at every point."""

    @abstractmethod
    def gram(self, x: Float[Tensor, "n dim"]) -> Float[Tensor, "n n"]:
        """k(x_i, x_j)."""

    def can_write_down(self, points: int, most: int) -> bool:
        """Whether `gram` of so many points is in reach, of which `most` are the most that can be solved for exactly."""
        return points <= most

    def features(self, x: Float[Tensor, "n dim"]) -> Float[Tensor, "n features"] | None:
        """phi itself, where it has so few entries that one would solve for them; None where it has many."""
        return None


def draw_frozen(settings: Mapping[str, Any], *, dim: int, channels: int, seed: int) -> Field:
    """A field as drawn with a seed, in double precision, with masks as open as at the end of training."""
    field = draw(lambda: build_field(settings, dim=dim, channels=channels), seed)
    for part in field.modules():
        if isinstance(part, Advances):
            part.advance(1, 1)
    return to_doubles(field).requires_grad_(False)
