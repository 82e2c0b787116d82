"""Frames of animations and pages of stacks."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from fieldlab.errors import InputError
from fieldlab.signals.frames import frames
from fieldlab.signals.grid import Grid
from fieldlab.tasks.fit.pictures import save_media

COLOURS = np.array([[200, 30, 10], [20, 220, 60], [10, 40, 250], [240, 240, 20]], np.uint8)
FILM = COLOURS[:, None, None].repeat(12, axis=1).repeat(16, axis=2)
TIMES = [50, 120, 300, 80]


def load(path: str, **settings: Any) -> Grid:
    defaults = {"name": None, "frames": None, "size": None, "channels": "rgb", "background": "white", "alignment": "centers"}  # fmt: skip
    return frames(path=path, **{**defaults, **settings})


def save(file: str, film: np.ndarray = FILM, **options: Any) -> None:
    first, *rest = map(Image.fromarray, film)
    first.save(file, save_all=True, append_images=rest, **options)


@pytest.mark.parametrize("file", ["a.gif", "a.png", "a.webp", "a.tif"])
def test_all_frames_are_read_and_their_times_kept(file: str):
    save(file, **({} if file == "a.tif" else {"duration": TIMES}), **({"lossless": True} if file == "a.webp" else {}))
    signal = load(file)
    assert (signal.grid, signal.channels, signal.span, signal.name) == ((4, 12, 16), 3, None, "a")
    np.testing.assert_allclose(signal.values.numpy(), FILM / 255, atol=1e-6)
    assert signal.medium is not None
    assert signal.medium.duration == pytest.approx(0.4 if file == "a.tif" else sum(TIMES) / 1000)
    save_media(Path(), signal, signal.values)
    assert Path("target.gif").read_bytes() == Path("reconstruction.gif").read_bytes()
    again = load("reconstruction.gif")
    np.testing.assert_allclose(again.values.numpy(), FILM / 255, atol=1e-6)
    assert again.medium == signal.medium


def test_a_picture_before_an_animation_is_no_frame_of_it():
    still, *moving = map(Image.fromarray, FILM)
    still.save("a.png", save_all=True, append_images=moving, default_image=True, duration=50)
    np.testing.assert_allclose(load("a.png").values.numpy(), FILM[1:] / 255, atol=1e-6)


def test_stacks_keep_their_16_bits_and_slices_are_taken():
    stack = np.random.default_rng(0).integers(0, 65536, (5, 6, 7), dtype=np.uint16)
    tifffile.imwrite("a.tif", stack, photometric="minisblack")
    tifffile.imwrite("b.tif", stack, photometric="miniswhite", byteorder=">")  # which Pillow does not open
    np.testing.assert_allclose(load("a.tif", channels="grey").values[..., 0].numpy(), stack / 65535, atol=1e-6)
    np.testing.assert_allclose(load("b.tif", channels="grey", frames=[1, 3]).values[..., 0].numpy(), 1 - stack[1:3] / 65535, atol=1e-6)  # fmt: skip


def test_size_cuts_and_resamples_every_frame():
    save("a.gif")
    signal = load("a.gif", size=[6, 6], channels="grey")
    assert (signal.grid, signal.channels) == ((4, 6, 6), 1)
    luma = COLOURS @ np.array([0.299, 0.587, 0.114]) / 255
    np.testing.assert_allclose(signal.values[:, 3, 3, 0].numpy(), luma, atol=1e-5)


def test_what_are_no_frames_is_refused():
    Image.fromarray(FILM[0]).save("one.png")
    with pytest.raises(
        InputError, match=r"signal.path: one.png has 1 frame, and two are needed; signal=image reads one"
    ):
        load("one.png")
    Path("film.mp4").write_bytes(b"something else")
    with pytest.raises(
        InputError, match=r"film.mp4 is no picture that Pillow can open; ffmpeg -i film.mp4 -t 2 film.apng"
    ):
        load("film.mp4")
    first, second = Image.new("L", (4, 4)), Image.new("L", (5, 4))
    first.save("two.tif", save_all=True, append_images=[second])
    with pytest.raises(
        InputError, match=r"the pages of two.tif differ in size \(4 x 4, 4 x 5\); signal.size=… makes them alike"
    ):
        load("two.tif")
    assert load("two.tif", size=4).grid == (2, 4, 4)
