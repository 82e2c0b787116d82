"""Grids of several resolutions whose vertices carry learned features: what the hash grid and the dense grid share."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Literal

import torch
from jaxtyping import Float, Int, Shaped
from torch import Tensor, nn

MOST_VERTICES = 2**24  # a side: single precision tells no more apart
MOST_ENTRIES = 2**31 - 1  # indices are computed in 32 bits, which is fastest


class LevelGrid(nn.Module, ABC):
    """x in [0, 1]^dim -> for each level l the weighted mean of what the 2^dim vertices around s_l x + 1/2 carry.

    s_l = base_resolution growth^l - 1, and a level has N_l = ceil(s_l) + 1 vertices a side. With w the place within a cell, a
    vertex weighs the product over axes of w or 1 - w (`linear`: slopes jump where cells meet, and second derivatives along an
    axis are 0), or of 3 w^2 - 2 w^3 in place of w (`smoothstep`: slopes across are 0 where cells meet, second derivatives exist).
    These are levels * features_per_level features, coarse levels first. All entries are one table, [features_per_level, entries],
    drawn from U(-init_range, init_range). Outside of [0, 1] indices wrap, as they do at its far edge, where the vertex after the
    last one of a row is the first one of the next row.

    Raises:
        ValueError: no level, no feature, less than 2 vertices a side, growth below 1, an init_range of 0, more entries than 32 bits count.
    """  # looked up by gather: with several threads the gradient of table[index] differs from run to run, that of gather does not

    most_entries: int = MOST_ENTRIES + 1  # of a level: as many as there are vertices, unless a grid says less

    scales: Tensor
    strides: Tensor
    sizes: Tensor
    offsets: Tensor

    def __init__(
        self,
        dim: int,
        *,
        levels: int,
        features_per_level: int,
        base_resolution: int,
        growth: float,
        interpolation: Literal["linear", "smoothstep"],
        init_range: float,
    ) -> None:
        super().__init__()
        check_settings(levels, features_per_level, base_resolution, growth, init_range)
        scales = [base_resolution * growth**level - 1 for level in range(levels)]
        sides = [math.ceil(scale) + 1 for scale in scales]
        needed = [(side**dim + 7) // 8 * 8 for side in sides]  # rounded up, as tiny-cuda-nn does
        entries = [min(count, self.most_entries) for count in needed]
        if sum(entries) > MOST_ENTRIES:
            raise ValueError(f"{sum(entries):,} entries are too many; take fewer levels or a lower growth")
        dense = [(side, count) for side, count in zip(sides, entries, strict=True) if side**dim <= count]
        strides = [[side**axis for side, _ in dense] for axis in range(dim)]
        starts = [sum(entries[:level]) for level in range(levels)]
        self.features = levels * features_per_level
        self.smooth = interpolation == "smoothstep"
        self.table = nn.Parameter(torch.empty(features_per_level, sum(entries)).uniform_(-init_range, init_range))
        self.register_buffer("scales", torch.tensor(scales)[:, None])
        self.register_buffer("strides", torch.tensor(strides, dtype=torch.int32)[..., None])
        self.register_buffer("sizes", torch.tensor([count for _, count in dense], dtype=torch.int32)[:, None])
        self.register_buffer("offsets", torch.tensor(starts, dtype=torch.int32)[:, None])

    def list_octaves(self) -> list[int]:
        """The level of each feature."""
        levels = len(self.scales)
        return [level for level in range(levels) for _ in range(self.features // levels)]

    @abstractmethod
    def find_entries(self, sides: Int[Tensor, "2 dim l n"]) -> Int[Tensor, "c l n"]:
        """The entry of each vertex of a cell; `sides` are the vertices' numbers along each axis, the lower and the upper one."""

    def count_along(self, sides: Int[Tensor, "2 dim dense n"]) -> Int[Tensor, "c dense n"]:
        """The number of each vertex within a level that has an entry for every one: row by row, the first axis fastest."""
        return join_axes(sides * self.strides, torch.add) % self.sizes

    def forward(self, x: Float[Tensor, "*n dim"]) -> Float[Tensor, "*n features"]:
        points = x.reshape(-1, x.shape[-1]).T  # last, so that they lie side by side in memory
        place = points[:, None] * self.scales + 0.5  # [dim, l, n]
        cell = place.floor()
        w = place - cell
        if self.smooth:
            w = w * w * (3 - 2 * w)
        lower = cell.int()
        entries = self.find_entries(torch.stack([lower, lower + 1]))
        weights = join_axes(torch.stack([1 - w, w]), torch.mul)
        features = (weights * self.look_up(entries)).sum(1)  # [f, l, n]
        return features.transpose(0, 1).flatten(0, 1).T.reshape(*x.shape[:-1], self.features)

    def look_up(self, entries: Int[Tensor, "c l n"]) -> Float[Tensor, "f c l n"]:
        """What these entries carry."""
        rows = entries.flatten().long().expand(len(self.table), -1)
        return self.table.gather(1, rows).unflatten(1, entries.shape)


def check_settings(
    levels: int, features_per_level: int, base_resolution: int, growth: float, init_range: float
) -> None:
    """Hold the settings of a grid against what there can be.

    Raises:
        ValueError: what there cannot be.
    """
    if levels < 1 or features_per_level < 1:
        raise ValueError(f"levels and features_per_level must be at least 1, not {levels} and {features_per_level}")
    if base_resolution < 2:
        raise ValueError(f"base_resolution must be at least 2 vertices a side, not {base_resolution}")
    if growth < 1:
        raise ValueError(f"growth must be at least 1, not {growth}")
    if init_range <= 0:
        raise ValueError(f"init_range must be positive, not {init_range}")
    if math.log2(base_resolution) + (levels - 1) * math.log2(growth) > math.log2(MOST_VERTICES):
        raise ValueError(f"the finest level has more than {MOST_VERTICES:,} vertices a side; lower levels or growth")


def join_axes(
    sides: Shaped[Tensor, "2 dim l n"], join: Callable[[Tensor, Tensor], Tensor]
) -> Shaped[Tensor, "c l n"]:
    """For each of the 2^dim vertices of a cell, its lower or upper sides along all axes joined into one."""
    joined = sides[:, 0]
    for axis in range(1, sides.shape[1]):
        joined = join(joined[:, None], sides[:, axis]).flatten(0, 1)
    return joined
