"""Hash grid and dense grid: against the definition in plain numbers, one point, level and vertex at a time."""

import itertools
import math
from typing import Any

import numpy as np
import pytest
import torch

import fieldlab
from fieldlab.encodings.dense_grid import DenseGrid
from fieldlab.encodings.hash_grid import HashGrid
from fieldlab.encodings.level_grid import LevelGrid
from fieldlab.errors import InputError
from fieldlab.field import build_field
from fieldlab.operators import gradient, hessian

PI = (1, 2654435761, 805459861, 3674653429, 2097192037, 1434869437, 2165219737)
LEVELS = {"levels": 16, "features_per_level": 2, "base_resolution": 16, "growth": 1.5}
SETTINGS: dict[str, Any] = {**LEVELS, "interpolation": "linear", "init_range": 1.0}


def hash_grid(dim: int, **changes: Any) -> HashGrid:
    return HashGrid(dim, **{**SETTINGS, "log2_table_size": 15, **changes})


def dense_grid(dim: int, **changes: Any) -> DenseGrid:
    return DenseGrid(dim, **{**SETTINGS, "levels": 5, "growth": 2.0, **changes})


def list_levels(dim: int, levels: int, base: int, growth: float, table: float) -> list[tuple[float, int, int, int]]:
    """Scale, vertices a side, first entry and number of entries of each level."""
    found, start = [], 0
    for level in range(levels):
        scale = base * growth**level - 1
        side = math.ceil(scale) + 1
        entries = int(min(math.ceil(side**dim / 8) * 8, table))
        found.append((scale, side, start, entries))
        start += entries
    return found


def find_entry(vertex: tuple[int, ...], side: int, entries: int) -> int:
    """The entry of a vertex within its level."""
    dim = len(vertex)
    if side**dim <= entries:
        return sum(i * side**axis for axis, i in enumerate(vertex)) % entries
    bits = 0
    for i, prime in zip(vertex, PI, strict=False):
        bits ^= i * prime % 2**32
    return bits % entries


def interpolate(
    x: list[float], table: np.ndarray, levels: list[tuple[float, int, int, int]], smooth: bool
) -> list[float]:
    """The features of one point."""
    features: list[float] = []
    for scale, side, start, entries in levels:
        place = [float(np.float32(scale)) * coordinate + 0.5 for coordinate in x]
        cell = [math.floor(p) for p in place]
        w = [p - i for p, i in zip(place, cell, strict=True)]
        w = [t * t * (3 - 2 * t) if smooth else t for t in w]
        mean = np.zeros(len(table))
        for corner in itertools.product((0, 1), repeat=len(x)):
            weight = math.prod(t if upper else 1 - t for t, upper in zip(w, corner, strict=True))
            vertex = tuple(i + upper for i, upper in zip(cell, corner, strict=True))
            mean += weight * table[:, start + find_entry(vertex, side, entries)]
        features += mean.tolist()
    return features


@pytest.mark.parametrize("interpolation", ["linear", "smoothstep"])
@pytest.mark.parametrize(
    ("dim", "levels", "growth", "table"),
    [(1, 16, 1.5, 2**9), (2, 16, 1.5, 2**15), (2, 4, 2.0, None), (3, 9, 1.38, 2**14), (3, 3, 1.5, None), (5, 3, 1.5, 2**12), (7, 2, 1.5, 2**19)],
)  # fmt: skip
def test_features_are_those_of_the_definition(
    dim: int, levels: int, growth: float, table: int | None, interpolation: str
):
    changes = {"levels": levels, "growth": growth, "interpolation": interpolation, "features_per_level": 3}
    grid = hash_grid(dim, log2_table_size=int(math.log2(table)), **changes) if table else dense_grid(dim, **changes)
    told = list_levels(dim, levels, 16, growth, table or math.inf)
    assert grid.table.shape == (3, sum(entries for *_, entries in told))
    assert grid.features == 3 * levels
    x = torch.cat(
        [torch.rand(6, dim), 1.6 * torch.rand(3, dim) - 0.3, torch.zeros(1, dim), torch.ones(1, dim)]
    )  # outside too
    grid, x = grid.double(), x.double()
    expected = [
        interpolate(point, grid.table.detach().numpy(), told, interpolation == "smoothstep") for point in x.tolist()
    ]
    torch.testing.assert_close(grid(x), torch.tensor(expected, dtype=torch.float64), atol=1e-9, rtol=0)


def test_sizes_are_those_of_tiny_cuda_nn():
    grid = hash_grid(2)
    assert grid.scales[:7, 0].tolist() == [15, 23, 35, 53, 80, 120.5, 181.25]
    assert grid.offsets.flatten().diff()[:8].tolist() == [256, 576, 1296, 2920, 6568, 14888, 32768, 32768]
    assert grid.table.shape == (2, 354_184)
    assert grid.table.numel() == 708_368


@pytest.mark.parametrize(
    ("vertex", "log2_table_size", "entry"), [((37, 91), 15, 16846), ((0, 1), 15, 31153), ((5, 6, 7), 19, 311088)]
)
def test_hashes_are_those_of_tiny_cuda_nn(vertex: tuple[int, ...], log2_table_size: int, entry: int):
    dim = len(vertex)
    grid = hash_grid(dim, levels=1, base_resolution=2048, log2_table_size=log2_table_size)
    lower = torch.tensor(vertex, dtype=torch.int32)[:, None, None]
    assert grid.find_entries(torch.stack([lower, lower + 1]))[0].item() == entry
    assert find_entry(vertex, 2048, 2**log2_table_size) == entry
    assert find_entry((37, 91), 2**20, 2**32) == 1_035_485_646  # all 32 bits


@pytest.mark.parametrize("grid", [hash_grid(2), dense_grid(2), hash_grid(3, growth=1.0, levels=2)])
def test_places_outside_wrap_to_entries_there_are(grid: LevelGrid):
    dim = grid.strides.shape[0]
    x = torch.tensor([0.0, 1.0, -1e-7, 1 + 1e-7, -0.5, 7.3, -1e4, 1e12, -math.inf, math.nan])[:, None].expand(-1, dim)
    assert grid(x)[:8].isfinite().all()
    far = torch.randint(-(2**31), 2**31 - 2, (2, dim, len(grid.scales), 50), dtype=torch.int32)
    entries = grid.find_entries(far)
    ends = [*grid.offsets.flatten().tolist()[1:], grid.table.shape[1]]
    assert (entries >= grid.offsets).all()
    assert (entries < torch.tensor(ends)[:, None]).all()


def test_derivatives_of_one_cell_are_known():
    """f = v0 + (v1 - v0) w between vertices v0 and v1 along one axis, with w or 3 w^2 - 2 w^3."""
    for interpolation in ("linear", "smoothstep"):
        grid = dense_grid(1, levels=1, features_per_level=1, base_resolution=9, interpolation=interpolation).double()
        x = torch.rand(20, 1, dtype=torch.float64)
        place = (8 * x + 0.5).flatten()
        w, lower = place.frac(), place.long()
        row = torch.cat([grid.table[0, :9], grid.table[0, 9:10]])
        rise = (row[lower + 1] - row[lower]).detach()
        slope, bend = (6 * w * (1 - w), 6 - 12 * w) if interpolation == "smoothstep" else (1, 0 * w)
        torch.testing.assert_close(gradient(grid, x).flatten(), 8 * rise * slope)
        torch.testing.assert_close(hessian(grid, x).flatten(), 64 * rise * bend)


def test_linear_grids_bend_between_axes_but_not_along_them():
    second = hessian(hash_grid(3, levels=4).double(), torch.rand(10, 3, dtype=torch.float64))
    assert not second.diagonal(dim1=-2, dim2=-1).any()
    assert second[..., 0, 1].any()


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["field.encoding.levels=0"], "levels and features_per_level must be at least 1, not 0 and 2"),
        (["field.encoding.base_resolution=1"], "base_resolution must be at least 2 vertices a side, not 1"),
        (["field.encoding.growth=0.9"], "growth must be at least 1, not 0.9"),
        (["field.encoding.growth=1e300"], "the finest level has more than 16,777,216 vertices a side; lower levels or growth"),
        (["field.encoding.init_range=0"], "init_range must be positive, not 0"),
        (["field.encoding.log2_table_size=0"], "log2_table_size must be from 1 to 30, not 0"),
        (["field.encoding.log2_table_size=30"], "6,487,479,672 entries are too many; take fewer levels or a lower growth"),
    ],
)  # fmt: skip
def test_impossible_settings(overrides: list[str], message: str):
    with pytest.raises(InputError) as error:
        build_field(fieldlab.compose("field=hash_grid", *overrides).field, dim=3, channels=1)
    assert str(error.value) == f"field.encoding: {message}"


def test_too_many_axes():
    with pytest.raises(ValueError, match="defined for 1 to 7 coordinates, not for 8"):
        hash_grid(8)
    with pytest.raises(ValueError, match="entries are too many"):
        dense_grid(4)
