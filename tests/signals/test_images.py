"""Pictures of every kind that Pillow opens, and the kinds of files it should refuse."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from skimage import data

from fieldlab.errors import InputError
from fieldlab.signals.grid import Grid
from fieldlab.signals.images import image


def load(path: Any, **settings: Any) -> Grid:
    defaults = {
        "mask": None,
        "page": None,
        "name": None,
        "size": None,
        "channels": "rgb",
        "background": "white",
        "alignment": "centers",
    }
    return image(path=str(path), **{**defaults, **settings})


def saved(array: np.ndarray, name: str = "picture.png", mode: str | None = None, **options: Any) -> Path:
    picture = Image.fromarray(array) if mode is None else Image.fromarray(array).convert(mode)
    picture.save(name, **options)
    return Path(name)


RGB = np.arange(4 * 5 * 3, dtype=np.uint8).reshape(4, 5, 3) * 4


def test_rgb_bytes_become_unit_floats():
    np.testing.assert_allclose(load(saved(RGB)).values.numpy(), RGB / 255, atol=1e-7)


def test_bundled_photo_is_scikit_images():
    signal = load("skimage:camera.png", channels="grey", name="camera")
    np.testing.assert_allclose(signal.values[..., 0].numpy(), data.camera() / 255, atol=1e-7)
    assert signal.name == "camera"


def test_grey_to_rgb_and_back():
    grey = RGB[..., 0]
    assert np.allclose(load(saved(grey)).values.numpy(), grey[..., None].repeat(3, -1) / 255)
    luma = RGB @ np.array([0.299, 0.587, 0.114]) / 255
    np.testing.assert_allclose(load(saved(RGB), channels="grey").values[..., 0].numpy(), luma, atol=1e-6)


def test_transparency_is_composited_on_the_background():
    rgba = np.zeros((2, 2, 4), np.uint8)
    rgba[0] = [255, 0, 0, 255]
    rgba[1] = [255, 0, 0, 0]
    white, green = load(saved(rgba)).values, load(saved(rgba), background="#00ff00").values
    assert white[0, 0].tolist() == [1, 0, 0] == green[0, 0].tolist()
    assert white[1, 0].tolist() == [1, 1, 1]
    assert green[1, 0].tolist() == [0, 1, 0]


def test_transparent_palette():
    picture = Image.fromarray(np.array([[0, 1], [1, 0]], np.uint8)).convert("P")
    picture.putpalette([255, 0, 0, 0, 0, 255])
    picture.save("palette.png", transparency=1)
    values = load("palette.png", background="black").values
    assert values[0, 0].tolist() == [1, 0, 0]
    assert values[0, 1].tolist() == [0, 0, 0]


def test_sixteen_bits_stay_sixteen_bits():
    deep = np.array([[0, 1], [256, 65535]], np.uint16)
    values = load(saved(deep), channels="grey").values[..., 0].numpy()
    np.testing.assert_allclose(values, deep / 65535, atol=1e-8)


def test_one_bit_and_cmyk():
    assert load(saved(np.array([[0, 255], [255, 0]], np.uint8), "bits.png", "1")).values.unique().tolist() == [0, 1]
    black = load(saved(np.zeros((2, 2, 3), np.uint8), "ink.tif", "CMYK")).values
    assert black.max() < 0.01


def test_exif_orientation_turns_the_picture():
    exif = Image.Exif()
    exif[0x0112] = 6  # rotate by 90 degrees clockwise to show
    turned = load(saved(RGB, "turned.png", exif=exif)).values.numpy()
    np.testing.assert_allclose(turned, np.rot90(RGB, -1) / 255, atol=1e-7)


def test_size_cuts_the_centre_and_resamples():
    signal = load("skimage:coffee.png", size=64)
    assert signal.grid == (64, 64)
    assert load("skimage:coffee.png", size=[40, 60]).grid == (40, 60)
    whole = np.asarray(data.coffee(), float) / 255
    centre = whole[:, 100:500]
    assert signal.values.mean((0, 1)).numpy() == pytest.approx(centre.mean((0, 1)), abs=2e-3)


def test_resampling_antialiases():
    stripes = np.tile(np.array([0, 255], np.uint8), (64, 32))
    values = load(saved(stripes), channels="grey", size=16).values
    assert values.std() < 0.05  # without a filter every second stripe would survive as pure black or white
    assert values.min() >= 0
    assert values.max() <= 1


def bomb(path: Path) -> None:
    Image.new("1", (20_000, 10_000)).save(path)


def truncated(path: Path) -> None:
    saved(np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8), "whole.png")
    path.write_bytes(Path("whole.png").read_bytes()[:3000])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: None, "there is no file"),
        (Path.mkdir, "is a directory"),
        (lambda path: path.write_bytes(b""), "no picture that Pillow can open"),
        (lambda path: path.write_bytes(b"not a picture at all"), "no picture that Pillow can open"),
        (truncated, "damaged or incomplete"),
        (bomb, "more than 89,478,485 pixels"),
    ],
    ids=["missing", "directory", "empty", "text", "truncated", "bomb"],
)
def test_what_is_no_picture_is_refused(make, message: str):
    path = Path("file.png")
    make(path)
    with pytest.raises(InputError, match=message):
        load(path)


def test_one_pixel_and_bad_settings_are_refused():
    with pytest.raises(ValueError, match="1 x 1 samples"):
        load(saved(np.zeros((1, 1, 3), np.uint8)))
    with pytest.raises(ValueError, match="size must be at least 2"):
        load("skimage:coffee.png", size=1)
    with pytest.raises(ValueError, match="unknown color"):
        load("skimage:logo.png", background="no colour")


def test_integers_beyond_sixteen_bits_are_refused():
    saved(np.array([[0, 70_000], [1, 2]], np.int32), "deep.tif")
    with pytest.raises(InputError, match="integers in 0 to 65535"):
        load("deep.tif")


def test_a_mask_is_cut_and_resampled_like_the_picture(tmp_path: Path):
    white = np.zeros((40, 80), dtype=np.uint8)
    white[:, 40:] = 255
    Image.fromarray(white).save(tmp_path / "mask.png")
    Image.fromarray(white[:, :40]).save(tmp_path / "square.png")
    signal = load(tmp_path / "square.png", size=20, mask=str(tmp_path / "mask.png"))
    assert signal.mask is not None
    assert signal.mask.shape == (20, 20)
    assert not signal.mask[:, :9].any()
    assert signal.mask[:, 11:].all()
