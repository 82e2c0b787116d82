"""Arrays of 1 to 3 axes as signals."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fieldlab.errors import InputError
from fieldlab.signals.arrays import array
from fieldlab.signals.grid import Grid


def load(values: Any, **settings: Any) -> Grid:
    np.save("signal.npy", values)
    defaults = {"name": None, "channels_last": False, "span": None, "alignment": "centers"}
    return array(path="signal.npy", **{**defaults, **settings})


@pytest.mark.parametrize("grid", [(50,), (6, 7), (3, 4, 5)])
def test_any_dimension(grid: tuple[int, ...]):
    signal = load(np.random.default_rng(0).normal(size=grid))
    assert (signal.grid, signal.channels) == (grid, 1)
    assert (signal.values.min(), signal.values.max()) == (0, 1)
    assert signal.coordinates().shape == (np.prod(grid), len(grid))


def test_span_says_what_zero_and_one_stand_for():
    values = np.array([-1.0, 0.0, 3.0])
    assert load(values).span == (-1, 3)
    signal = load(values, span=[-5.0, 5.0])
    np.testing.assert_allclose(signal.values[:, 0].numpy(), (values + 5) / 10)


def test_channels_last():
    assert load(np.random.rand(50, 2), channels_last=True).channels == 2
    assert load(np.random.rand(4, 5, 6, 3), channels_last=True).grid == (4, 5, 6)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.array([1.0, np.nan, 2.0]), "NaN or infinite"),
        (np.array([1.0, np.inf]), "NaN or infinite"),
        (np.zeros((2, 2, 2, 2)), "4 axes; a signal has 1 to 3; signal.channels_last=true"),
        (np.array(3.0), "0 axes"),
        (np.ones(5), "is no range"),
        (np.array(["a", "b"]), "real numbers"),
        (np.array([]), "real numbers"),
    ],
)
def test_what_is_no_signal_is_refused(values: np.ndarray, message: str):
    with pytest.raises(InputError, match=message):
        load(values)


def test_what_is_no_array_is_refused():
    settings: dict[str, Any] = {"name": None, "channels_last": False, "span": None, "alignment": "centers"}
    Path("text.npy").write_text("hello")
    for path, message in (("text.npy", "is no NumPy array"), ("nowhere.npy", "there is no file")):
        with pytest.raises(InputError, match=message):
            array(path=path, **settings)
    with pytest.raises(InputError, match="outside"):
        load(np.array([0.0, 2.0]), span=[0.0, 1.0])
