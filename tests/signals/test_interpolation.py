"""Cubic interpolation knows where its samples are: half a pixel of shift would cost decibels."""

import numpy as np
import pytest
import torch
from scipy.interpolate import RectBivariateSpline
from skimage import data

from fieldlab.signals import splits
from fieldlab.signals.grid import Grid
from fieldlab.signals.interpolation import interpolate
from fieldlab.signals.splits import Split

SPLITS = [splits.stride, splits.columns, splits.checkerboard, lambda grid: splits.random(grid, fraction=0.5, seed=0)]


def smooth(rows: int = 32, columns: int = 40) -> Grid:
    r, c = np.meshgrid(np.linspace(0, 1, rows), np.linspace(0, 1, columns), indexing="ij")
    return Grid("smooth", torch.from_numpy(0.3 * r + 0.5 * c)[..., None].float(), "centers")


@pytest.mark.parametrize("make", SPLITS)
def test_a_plane_is_met_between_samples_and_samples_are_met_exactly(make):
    signal = smooth()
    split: Split = make(signal.grid)
    found = interpolate(signal, split)
    assert found is not None
    error = (found - signal.values).abs()[6:-6, 6:-6]  # the border has no samples on its far side
    assert error.max() < 2e-3
    known = split.train.view(signal.grid)
    torch.testing.assert_close(found[known], signal.values[known], atol=1e-5, rtol=0)


def test_lattice_agrees_with_another_cubic_spline_inside():
    camera = torch.from_numpy(data.camera()[::4, ::4].copy())[..., None].float() / 255
    signal = Grid("camera", camera, "centers")
    found = interpolate(signal, splits.stride(signal.grid))
    assert found is not None
    at = np.arange(0, 128, 2)
    spline = RectBivariateSpline(at, at, camera[::2, ::2, 0].numpy())
    theirs = spline(np.arange(128), np.arange(128))
    np.testing.assert_allclose(found[20:-20, 20:-20, 0].numpy(), theirs[20:-20, 20:-20], atol=1e-3)


def test_where_there_is_no_cubic_method():
    signal = smooth()
    assert interpolate(signal, splits.everything(signal.grid)) is None
    volume = Grid("volume", torch.rand(4, 4, 4, 1), "centers")
    assert interpolate(volume, splits.checkerboard(volume.grid)) is None
    assert interpolate(volume, splits.stride(volume.grid)) is not None
    sound = Grid("sound", torch.rand(50, 1), "centers")
    assert interpolate(sound, splits.random(sound.grid, fraction=0.04, seed=0)) is None  # two samples
