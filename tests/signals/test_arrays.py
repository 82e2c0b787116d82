"""Arrays of 1 to 3 axes as signals."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conftest import Said
from fieldlab.errors import InputError
from fieldlab.signals.arrays import array
from fieldlab.signals.grid import Grid
from fieldlab.tasks.fit.pictures import save_media


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


@pytest.mark.parametrize(
    ("shape", "grid", "channels", "line"),
    [
        ((50, 2), (50,), 2, "taken as 1 axis, and the last as channels; signal.channels_last=false takes"),
        ((2, 50), (50,), 2, "taken as 1 axis, and the first as channels; signal.channels_last=false takes"),
        ((6, 7, 3), (6, 7), 3, "taken as 2 axes, and the last as channels"),
        ((3, 6, 7), (6, 7), 3, "taken as 2 axes, and the first as channels"),
        ((2, 6, 7, 3), (2, 6, 7), 3, "taken as 3 axes, and the last as channels"),
        ((3, 4), (3, 4), 1, "taken as 2 axes without channels; signal.channels_last=true takes the last"),
        ((6, 7), (6, 7), 1, None),
        ((3,), (3,), 1, None),
        ((5, 6, 7), (5, 6, 7), 1, None),
    ],
)
def test_the_shape_decides_about_channels_and_it_is_told(shape, grid, channels: int, line: str | None, said: Said):
    values = np.random.default_rng(0).normal(size=shape)
    signal = load(values, channels_last=None)
    assert (signal.grid, signal.channels) == (grid, channels)
    told = [f"signal.path: signal.npy is {' x '.join(map(str, shape))}: {line}"] if line else []
    assert len(said()) == len(told)
    assert all(text.startswith(start) for text, start in zip(said(), told, strict=True))
    load(values, channels_last=None)
    assert len(said()) == len(told)
    assert load(values, channels_last=False).grid == shape if values.ndim < 4 else True
    save_media(Path(), signal, signal.values)
    np.testing.assert_allclose(np.load("reconstruction.npy"), values, atol=1e-5)


def test_the_span_of_whole_numbers_is_told(said: Said):
    load(np.array([-20_000, 30_000], np.int16))
    assert said() == [
        "signal.path: signal.npy is of int16, -20000 to 30000: these become 0 and 1, and PSNR is relative to them;"
        " signal.span=[-32768,32767] takes the range of its type"
    ]
    load(np.array([-20_000, 30_000], np.int16), span=[-32768, 32767])
    load(np.array([0, 255], np.uint8))
    load(np.array([3, 10**9]))
    load(np.array([0.5, 0.7]))
    assert len(said()) == 1


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("a.wav", "a.wav is no NumPy array; signal=sound reads it"),
        ("a.gif", "a.gif is no NumPy array; signal=image reads it, or signal=frames"),
        ("a.mat", "scipy.io.loadmat('a.mat')['NAME'])"),
        ("a.csv", "np.loadtxt('a.csv', delimiter=',')"),
        ("a.pt", "torch.load('a.pt').numpy()"),
        ("a.bin", "a.bin is no NumPy array"),
    ],
)
def test_other_files_are_told_how_to_be_read(name: str, what: str):
    Path(name).write_bytes(b"something else")
    with pytest.raises(InputError) as error:
        array(path=name, name=None, channels_last=None, span=None, alignment="centers")
    assert what in str(error.value)
    assert "pickle" not in str(error.value)


def test_an_archive_of_arrays_is_told_how_to_be_read():
    np.savez("a.npz", first=np.zeros(3))
    with pytest.raises(
        InputError, match=r"one array of real numbers; np\.save\('a\.npy', np\.load\('a\.npz'\)\['NAME'\]\)"
    ):
        array(path="a.npz", name=None, channels_last=None, span=None, alignment="centers")


def test_channels_last():
    assert load(np.random.rand(50, 2), channels_last=True).channels == 2
    assert load(np.random.rand(4, 5, 6, 3), channels_last=True).grid == (4, 5, 6)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.array([1.0, np.nan, 2.0]), "NaN or infinite"),
        (np.array([1.0, np.inf]), "NaN or infinite"),
        (np.zeros((5, 5, 5, 5)), "4 axes; a signal has 1 to 3; signal.channels_last=true"),
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
