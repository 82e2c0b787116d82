"""A sum of 2-D Gaussians, GaussianImage (Zhang et al. 2024, arXiv:2403.08551): no network, an explicit field that moves."""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

SMALLEST = 0.5  # samples, added to both diagonal entries of each factor


class Gaussians(nn.Module):
    """x in [0, 1]^2 -> sum over Gaussians of colour exp(-d' S^-1 d / 2), d = x - mean, S = L L'.

    mean = (tanh(place) + 1) / 2, and L is lower triangular with diagonal shape_1 + 1/2, shape_3 + 1/2 and shape_2 below, in samples of which
    there are `samples` a side: 5 numbers and a colour for each of `count` Gaussians. Means are drawn evenly over the unit square, shapes
    and colours from U(0, 1), as in the authors' code. They hold the sum to [0, 1], which is the field's `output`, and train with
    Adan, which torch does not have.

    A place sees the `candidates` Gaussians that may weigh most in its tile, of `tiles` a side: those with the largest
    |colour| exp(-r^2 / (2 s^2)), r the distance of the mean from the tile and s^2 the trace of S, which bounds the sum's terms. They are chosen
    anew every `refresh` steps. `sum_all` leaves none out.

    Raises:
        ValueError: another number of features than the 2 coordinates of a plane, numbers below 1.
    """  # candidates are a buffer that training changes: fieldlab.field.Advances

    advancing: Sequence[str] = ("chosen",)
    chosen: Tensor
    corners: Tensor

    def __init__(
        self,
        features: int,
        channels: int,
        *,
        count: int,
        samples: int,
        candidates: int,
        tiles: int,
        refresh: int,
    ) -> None:
        super().__init__()
        if features != 2:
            raise ValueError(
                f"these Gaussians lie in a plane: they read 2 coordinates (field/encoding=identity), not {features} features"
            )
        if min(count, samples, candidates, tiles, refresh) < 1:
            raise ValueError("count, samples, candidates, tiles and refresh must be at least 1")
        self.samples, self.tiles, self.refresh = samples, tiles, refresh
        self.candidates = min(candidates, count)
        self.place = nn.Parameter(torch.atanh(2 * torch.rand(count, 2) - 1))
        self.shape = nn.Parameter(torch.rand(count, 3))
        self.colour = nn.Parameter(torch.rand(count, channels))
        self.register_buffer("chosen", torch.zeros(tiles**2, self.candidates, dtype=torch.long))
        along = torch.arange(tiles) / tiles
        self.register_buffer("corners", torch.cartesian_prod(along, along))
        self.advance(0, 1)

    def advance(self, step: int, steps: int) -> None:
        if step % self.refresh == 0 or step == steps:
            self.chosen.copy_(self.choose())

    @torch.no_grad()
    def choose(self) -> Int[Tensor, "*m tiles candidates"]:
        """The Gaussians that may weigh most in each tile, for each of the members that may be stacked."""
        low = self.corners[..., :, None, :]
        mean = self.find_means()[..., None, :, :]
        outside = (low - mean).clamp(min=0) + (mean - low - 1 / self.tiles).clamp(min=0)
        diagonal, below = self.find_factors()
        spread = diagonal.square().sum(-1) + below.square()
        size = self.colour.abs().amax(-1).clamp_min(torch.finfo(spread.dtype).tiny)
        weight = size.log()[..., None, :] - outside.square().sum(-1) / (2 * spread[..., None, :])
        return weight.topk(self.candidates, dim=-1).indices

    def find_means(self) -> Float[Tensor, "*m count 2"]:
        return (self.place.tanh() + 1) / 2

    def find_factors(self) -> tuple[Float[Tensor, "*m count 2"], Float[Tensor, "*m count"]]:
        """The diagonals of L, and what is below them, in units of the square's side."""
        first, below, last = (self.shape / self.samples).unbind(-1)
        return torch.stack([first, last], dim=-1) + SMALLEST / self.samples, below

    def forward(self, x: Float[Tensor, "*n features"]) -> Float[Tensor, "*n c"]:
        with torch.autocast(x.device.type, enabled=False):
            points = x.reshape(-1, 2)
            tile = (points.detach() * self.tiles).floor().long().clamp(0, self.tiles - 1)
            rows = (tile[:, 0] * self.tiles + tile[:, 1])[:, None].expand(-1, self.candidates)
            seen = self.chosen.gather(0, rows)  # [n, candidates]
            table = self.list_numbers()
            found = table.gather(1, seen.flatten().expand(len(table), -1)).unflatten(1, seen.shape)
            return add_up(points, found).reshape(*x.shape[:-1], -1)

    def sum_all(self, x: Float[Tensor, "n 2"]) -> Float[Tensor, "n c"]:
        """The sum over all Gaussians."""
        return add_up(x, self.list_numbers()[:, None].expand(-1, len(x), -1))

    def list_numbers(self) -> Float[Tensor, "numbers count"]:
        """Mean, diagonal of L, what is below it, and colour of each Gaussian."""
        diagonal, below = self.find_factors()
        return torch.cat([self.find_means(), diagonal, below[:, None], self.colour], dim=-1).T


def add_up(x: Float[Tensor, "n 2"], table: Float[Tensor, "numbers n k"]) -> Float[Tensor, "n c"]:
    """The sum at each place over its Gaussians, given as mean, diagonal of L, what is below it, and colour."""
    mean, diagonal, below, colour = table[:2], table[2:4], table[4], table[5:]
    u = (x[:, :1] - mean[0]) / diagonal[0]
    v = (x[:, 1:] - mean[1] - below * u) / diagonal[1]
    return (colour * torch.exp(-(u * u + v * v) / 2)).sum(-1).T
