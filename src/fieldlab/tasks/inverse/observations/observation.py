"""Observation: how measurements follow from the values of a signal; what an inverse problem knows of it."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from fieldlab.operators import Function

Pictures = Mapping[str, Float[Tensor, "*grid c"]]  # by the name of a yardstick
READ_AT_ONCE = 2**21  # samples, where all measurements are taken


class Observation(nn.Module, ABC):
    """A linear operator A from the values at the samples of a grid to `count` measurements, each of `width` numbers.

    A measurement is in units of the values: a weighted mean of them where weights add up to one. Complex numbers are pairs of real
    ones. Subclasses are `Local` or `Global`, and know the methods that a field has to beat.
    """

    count: int
    width: int

    def __init__(self, grid: tuple[int, ...], channels: int) -> None:
        super().__init__()
        self.grid, self.channels = grid, channels

    @property
    def samples(self) -> int:
        """The samples of the grid."""
        return math.prod(self.grid)

    @property
    @abstractmethod
    def cost(self) -> int | None:
        """The samples that one measurement reads; None where any number of measurements reads all of them."""

    @abstractmethod
    def measure(self, values: Float[Tensor, "m n c"]) -> Float[Tensor, "m k w"]:
        """A of the values at all samples, last axis of the grid fastest."""

    @abstractmethod
    def observe(
        self, field: Function, x: Float[Tensor, "n dim"], number: Int[Tensor, "m b"]
    ) -> Float[Tensor, "m b w"]:
        """The measurements of these numbers, of fields [m, n, dim] -> [m, n, c]; `x` are the coordinates of all samples."""

    def adjoint(self, measured: Float[Tensor, "m k w"]) -> Float[Tensor, "m n c"]:
        """A^T of measurements: <A v, w> = <v, A^T w> for all values v."""
        nothing = measured.new_zeros(len(measured), self.samples, self.channels)
        _, pull = torch.func.vjp(self.measure, nothing)  # type: ignore[misc]
        return pull(measured)[0]

    @abstractmethod
    def places(self, x: Float[Tensor, "n dim"]) -> Float[Tensor, "k dim"]:
        """Where each measurement is from."""

    @abstractmethod
    def draw(self, measured: Float[Tensor, "k w"]) -> Float[Tensor, "h v c"] | None:
        """The measurements as a picture in [0, 1], None where there is none."""

    @abstractmethod
    def yardsticks(self, measured: Float[Tensor, "k w"]) -> Pictures:
        """What methods without a network make of measurements, which is all that they see: values on the grid, by name."""


class Local(Observation):
    """Measurements of which each is a weighted sum of a few samples: sum_j weights[j] v[centres[k] + offsets[j]], reflected at the border.

    `centres` and `offsets` count samples along each axis.
    """

    centres: Int[Tensor, "k dim"]
    offsets: Int[Tensor, "j dim"]
    weights: Float[Tensor, "j"]

    def __init__(
        self,
        grid: tuple[int, ...],
        channels: int,
        centres: Int[Tensor, "k dim"],
        offsets: Int[Tensor, "j dim"],
        weights: Float[Tensor, "j"],
    ) -> None:
        super().__init__(grid, channels)
        for name, tensor in (("centres", centres), ("offsets", offsets), ("weights", weights)):
            self.register_buffer(name, tensor, persistent=False)
        self.count, self.width = len(centres), channels

    @property
    def cost(self) -> int:
        return len(self.offsets)

    def read(self, centres: Int[Tensor, "*k dim"]) -> Int[Tensor, "*k j"]:
        """The numbers of the samples around these centres that a measurement reads."""
        size = torch.tensor(self.grid, device=centres.device)
        place = (centres.unsqueeze(-2) + self.offsets).remainder(2 * size)
        return number_samples(torch.minimum(place, 2 * size - 1 - place), self.grid)  # … 1 0 | 0 1 2 …

    def measure(self, values: Float[Tensor, "m n c"]) -> Float[Tensor, "m k w"]:
        weights = self.weights.to(values.dtype)
        blocks = self.centres.split(max(1, READ_AT_ONCE // self.cost))
        return torch.cat(
            [torch.einsum("mkjc,j->mkc", values[:, self.read(block)], weights) for block in blocks], dim=1
        )

    def observe(
        self, field: Function, x: Float[Tensor, "n dim"], number: Int[Tensor, "m b"]
    ) -> Float[Tensor, "m b w"]:
        points = x[self.read(self.centres[number])]
        values = field(points.flatten(1, 2)).unflatten(1, points.shape[1:3])
        return (values * self.weights.unsqueeze(-1)).sum(2)

    def places(self, x: Float[Tensor, "n dim"]) -> Float[Tensor, "k dim"]:
        return x[number_samples(self.centres, self.grid)]


class Global(Observation):
    """Measurements of which each reads all samples, so that a step evaluates the field on the whole grid."""

    @property
    def cost(self) -> None:
        return None

    def observe(
        self, field: Function, x: Float[Tensor, "n dim"], number: Int[Tensor, "m b"]
    ) -> Float[Tensor, "m b w"]:
        whole = self.measure(field(x.expand(len(number), -1, -1)))
        return whole.gather(1, number.unsqueeze(-1).expand(-1, -1, whole.shape[-1]))

    def places(self, x: Float[Tensor, "n dim"]) -> Float[Tensor, "k dim"]:
        return x.mean(0).expand(self.count, -1)


def number_samples(place: Int[Tensor, "*k dim"], grid: tuple[int, ...]) -> Int[Tensor, "*k"]:
    """The numbers of the samples at these places, last axis fastest."""
    strides = torch.tensor([math.prod(grid[axis + 1 :]) for axis in range(len(grid))], device=place.device)
    return (place * strides).sum(-1)


def list_samples(grid: tuple[int, ...]) -> Int[Tensor, "n dim"]:
    """The place of every sample, last axis fastest."""
    return torch.cartesian_prod(*map(torch.arange, grid)).view(-1, len(grid))
