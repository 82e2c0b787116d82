"""What is left of each octave of a signal while a field learns it."""

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from omegaconf import DictConfig
from PIL import Image

import fieldlab
from conftest import Command, make_module
from fieldlab.signals.grid import Grid
from fieldlab.tasks.fit.octaves import NAME, Octaves, choose_tiles, draw_octaves, make_octaves

Small = Callable[..., DictConfig]


def noise(*grid: int, seed: int = 0) -> Grid:
    values = torch.rand(*grid, 2, generator=torch.Generator().manual_seed(seed))
    return Grid("noise", values, "centers")


def measure(octaves: Octaves, values: torch.Tensor) -> list[float]:
    octaves.to(torch.device("cpu"))
    [row] = octaves.measure(values)
    return list(row.values())  # type: ignore[arg-type]


def test_what_is_exact_leaves_nothing_and_what_is_constant_all():
    octaves = Octaves([noise(64, 64)], side=32, tiles=3)
    assert octaves.points == 3 * 32**2
    assert measure(octaves, octaves.y) == [0.0] * 5
    assert measure(octaves, torch.full_like(octaves.y, 0.3)) == pytest.approx([1.0] * 5, abs=1e-6)
    assert measure(octaves, 0.75 * octaves.y + 0.2) == pytest.approx([0.25] * 5, abs=1e-5)


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_an_octave_that_is_known_is_not_left(dim: int):
    """A wave of 6 periods in a tile is in the octave from 4 to 8; Hann's window widens it by one on either side, within that octave."""
    side = 16 if dim == 3 else 32
    signal = noise(*[side] * dim)
    octaves = Octaves([signal], side, tiles=1)
    octaves.to(torch.device("cpu"))
    wave = torch.cos(2 * math.pi * 6 * signal.coordinates()[octaves.index][None, :, :1]).expand_as(octaves.y)
    octaves.y = octaves.y + wave
    octaves.whole = octaves.power(octaves.y)
    [row] = octaves.measure(wave)
    left = list(row.values())
    assert left[2] < 0.6 < min(left[0], left[1], *left[3:])  # type: ignore[type-var, operator]


def test_members_are_measured_each_by_itself():
    both = Octaves([noise(32, 32), noise(32, 32, seed=1)], side=16, tiles=2)
    both.to(torch.device("cpu"))
    rows = both.measure(torch.full_like(both.y, 0.5) * 0.5)
    for row, seed in zip(rows, (0, 1), strict=True):
        alone = Octaves([noise(32, 32, seed=seed)], side=16, tiles=2)
        alone.to(torch.device("cpu"))
        assert alone.measure(torch.full_like(alone.y, 0.25))[0] == pytest.approx(row, rel=1e-5)


def test_tiles_are_whole_and_lie_within():
    index = choose_tiles((40, 70), side=32, tiles=4)
    for tile in index.view(4, 32, 32):
        rows, columns = tile // 70, tile % 70
        assert (rows.diff(dim=0) == 1).all()
        assert (columns.diff(dim=1) == 1).all()
        assert rows.max() < 40
        assert columns.max() < 70
    assert len({tile[0, 0].item() for tile in index.view(4, 32, 32)}) > 1


def test_they_cost_a_share_of_what_may_be_scored():
    assert make_octaves([noise(64, 64)], affordable=700) is None
    for affordable in (800, 5000, 12_288, 100_000):
        octaves = make_octaves([noise(64, 64)], affordable)
        assert octaves is not None
        assert octaves.points <= affordable / 3
    assert make_octaves([noise(12, 64)], 100_000) is None


def test_scores_on_the_way_stay_within_their_bound(small: Small):
    module = make_module(small("signal.size=64", "steps=40", "task.scores=2", "task.batch_size=1024"))
    module.to_device()
    assert module.octaves is not None
    assert module.octaves.points + module.some.x.shape[1] <= module.scored_on_the_way


def test_a_fit_leaves_a_picture_of_them(small: Small):
    [result] = fieldlab.fit(
        [small("signal.size=64", "steps=80", "task.scores=4", "task.batch_size=1024", "logger=none")]
    )
    folder = Path(result.config["folder"])
    curve = json.loads((folder / "result.json").read_text())["curve"]
    assert [f"{NAME}0" in point for point in curve] == [True] * 4
    assert curve[-1][f"{NAME}0"] < curve[0][f"{NAME}0"] + 1e-3
    assert not any(name.startswith(NAME) for name in result.scores)
    assert np.asarray(Image.open(folder / "octaves.png")).shape[2] == 3


def test_a_picture_needs_two_times():
    assert draw_octaves([{"step": 1.0, f"{NAME}0": 1.0}], [4.0]) is None
    assert draw_octaves([], [4.0]) is None


@pytest.mark.slow
def test_the_page_shows_them(command: Command):
    fit = (
        "signal.size=64",
        "steps=40",
        "task.scores=4",
        "task.batch_size=1024",
        "task.bf16_until=0",
        "trainer=cpu",
        "logger=none",
    )
    assert command("-m", *fit, "field=siren", "field.network.width=16", "seed=0,1", "study=octaves")[0] == 0
    page = Path("runs/octaves/report.html").read_text()
    assert 'class="learning"' in page
    assert "each octave of frequencies" in page
