"""Colour profiles: against published numbers, closed forms and LittleCMS."""

import io
import itertools
import struct

import numpy as np
import pytest
from PIL import Image, ImageCms

from fieldlab.signals import profiles
from file_writers import P3, curve, display_p3, lightness_table, profile


def test_primaries_are_the_published_ones():
    p3 = (0.3127, 0.3290, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060)
    np.testing.assert_allclose(profiles.to_xyz(p3), np.stack(list(P3.values()), axis=-1), atol=1e-4)


def test_a_colour_of_srgb_written_in_display_p3_comes_back():
    convert = profiles.find_conversion({"icc_profile": display_p3()}, None)
    assert convert is not None
    written = np.array([[0.9175, 0.2003, 0.1386], [0.4584, 0.9853, 0.2983], [1, 1, 1], [0.3, 0.3, 0.3]])
    meant = [[1, 0, 0], [0, 1, 0], [1, 1, 1], [0.3, 0.3, 0.3]]  # CSS Color 4
    np.testing.assert_allclose(convert(written.astype(np.float32)), meant, atol=2e-3)


def test_littlecms_finds_the_same_to_the_level():
    pixels = np.random.default_rng(0).integers(0, 256, (20, 20, 3), dtype=np.uint8)
    convert = profiles.from_icc(display_p3())
    theirs = ImageCms.profileToProfile(
        Image.fromarray(pixels),
        ImageCms.ImageCmsProfile(io.BytesIO(display_p3())),
        ImageCms.createProfile("sRGB"),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
    )
    ours = convert(pixels.astype(np.float32) / 255) * 255
    assert np.abs(ours - np.asarray(theirs)).max() < 1


def test_srgb_in_other_words_changes_nothing():
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    chromaticity = (0.3127, 0.3290, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
    for info in (
        {},
        {"icc_profile": srgb},
        {"srgb": 0, "gamma": 1.0},
        {"gamma": 0.45455, "chromaticity": chromaticity},
    ):
        assert profiles.find_conversion(info, None) is None


def test_gammas_of_greys_and_of_png():
    linear = profile(b"GRAY", b"XYZ ", {b"kTRC": curve()})
    squared = profile(b"GRAY", b"XYZ ", {b"kTRC": curve(512)})
    half = np.array([[0.5]], np.float32)
    encoded = [1.055 * light ** (1 / 2.4) - 0.055 for light in (0.5, 0.25)]
    for info, value in (
        ({"icc_profile": linear}, encoded[0]),
        ({"icc_profile": squared}, encoded[1]),
        ({"gamma": 1.0}, encoded[0]),
    ):
        convert = profiles.find_conversion(info, None)
        assert convert is not None
        assert convert(half).item() == pytest.approx(value, abs=1e-5)


def test_cameras_say_adobe_rgb():
    convert = profiles.find_conversion({}, "R03")
    assert convert is not None
    greens = convert(np.array([[0.565, 1, 0.234], [0.5, 0.5, 0.5]], np.float32))  # the green of sRGB there; a grey
    np.testing.assert_allclose(greens[0], [0, 1, 0], atol=0.02)
    assert greens[1] == pytest.approx(encode(0.5 ** (563 / 256)), abs=1e-5)


def encode(light: float) -> float:
    return 1.055 * light ** (1 / 2.4) - 0.055


@pytest.mark.parametrize(
    ("kind", "numbers", "function"),
    [
        (0, [1.8], lambda v: v**1.8),
        (1, [2.0, 2.0, -1.0], lambda v: max(2 * v - 1, 0) ** 2),
        (2, [2.0, 0.5, -0.1, 0.25], lambda v: max(0.5 * v - 0.1, 0) ** 2 + 0.25),
        (3, [2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045], lambda v: v / 12.92 if v < 0.04045 else ((v + 0.055) / 1.055) ** 2.4),
        (4, [2.0, 1.0, 0.0, 0.5, 0.5, 0.125, 0.0625], lambda v: v**2 + 0.125 if v >= 0.5 else 0.5 * v + 0.0625),
    ],
)  # fmt: skip
def test_parametric_curves(kind: int, numbers: list[float], function):
    tag = (
        b"para\0\0\0\0"
        + struct.pack(">HH", kind, 0)
        + struct.pack(f">{len(numbers)}i", *(round(65536 * n) for n in numbers))
    )
    at = np.linspace(0, 1, 21)
    np.testing.assert_allclose(profiles.curve(tag)(at), [function(v) for v in at], atol=1e-4)


def test_a_table_is_interpolated():
    corners = [255 * sum(of) // 3 for of in itertools.product((0, 1), repeat=3)]
    convert = profiles.from_icc(lightness_table(b"RGB ", corners))  # L = 100 (r + g + b) / 3, without colour
    colours = np.array([[0.5, 0.5, 0.5], [0.2, 0.5, 0.8], [1, 1, 1], [0, 0, 0]], np.float32)
    lightness = 100 * colours.mean(-1)
    light = np.where(lightness > 8, ((lightness + 16) / 116) ** 3, lightness / 903.3)
    meant = np.where(light > 0.0031308, 1.055 * light ** (1 / 2.4) - 0.055, 12.92 * light)
    np.testing.assert_allclose(convert(colours), meant[:, None].repeat(3, -1), atol=0.006)


@pytest.mark.parametrize("data", [b"", b"no profile at all" * 20, display_p3()[:300], profile(b"CMYK", b"Lab ", {})])
def test_what_is_no_profile_of_these_colours_is_refused(data: bytes):
    with pytest.raises(ValueError, match=r"it is (damaged|of)"):
        profiles.from_icc(data)
