"""Pictures at their own depth and in their own colours, pages of files, and kinds that are told how to be read."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms
from skimage import data

from conftest import Said
from fieldlab.errors import InputError
from fieldlab.signals import decoding, profiles
from fieldlab.signals.images import image
from file_writers import display_p3, iccp, lightness_table, save_png

DEEP = np.random.default_rng(0).integers(0, 65536, (6, 7, 4), dtype=np.uint16)
RGB, RGBA, GREY, GREYA = DEEP[..., :3], DEEP, DEEP[..., :1], DEEP[..., :2]


def load(path: Any, **settings: Any) -> np.ndarray:
    defaults = {"name": None, "mask": None, "page": None, "size": None, "channels": "rgb", "background": "black", "alignment": "centers"}  # fmt: skip
    return image(path=str(path), **{**defaults, **settings}).values.numpy()


def over_black(samples: np.ndarray, colours: int) -> np.ndarray:
    unit = samples / 65535
    cover = unit[..., colours:] if samples.shape[-1] > colours else np.ones((*samples.shape[:2], 1))
    return np.broadcast_to(unit[..., :colours] * cover, (*samples.shape[:2], 3))


@pytest.mark.parametrize("samples", [RGB, RGBA, GREY, GREYA], ids=["rgb", "rgba", "grey", "grey with alpha"])
def test_a_png_keeps_its_16_bits(samples: np.ndarray):
    colours = 3 if samples.shape[-1] > 2 else 1
    np.testing.assert_allclose(load(save_png("a.png", samples)), over_black(samples, colours), atol=1e-6)


def test_a_colour_that_is_transparent_in_a_png_of_16_bits():
    hidden = save_png("a.png", RGB, tRNS=RGB[2, 3].astype(">u2").tobytes())
    grey = save_png("b.png", GREY, tRNS=GREY[2, 3].astype(">u2").tobytes())
    for file, samples in ((hidden, RGB), (grey, GREY)):
        values = load(file, background="white")
        assert values[2, 3].tolist() == [1, 1, 1]
        np.testing.assert_allclose(values[4, 4], np.broadcast_to(samples[4, 4] / 65535, 3), atol=1e-6)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("how", [{}, {"compression": "deflate"}, {"compression": "deflate", "predictor": True}, {"planarconfig": "separate"}])  # fmt: skip
def test_a_tiff_keeps_its_16_bits(order: Any, how: dict[str, Any]):
    apart = "planarconfig" in how
    tifffile.imwrite("a.tif", np.moveaxis(RGB, -1, 0) if apart else RGB, photometric="rgb", byteorder=order, **how)
    np.testing.assert_allclose(load("a.tif"), RGB / 65535, atol=1e-6)


@pytest.mark.parametrize("order", ["<", ">"])
def test_white_is_zero(order: Any):
    for samples, most in ((GREY[..., 0], 65535), ((GREY[..., 0] >> 8).astype(np.uint8), 255)):
        tifffile.imwrite("a.tif", samples, photometric="miniswhite", byteorder=order)
        np.testing.assert_allclose(load("a.tif", channels="grey")[..., 0], 1 - samples / most, atol=1e-6)


def test_alpha_in_tiffs_of_16_bits():
    tifffile.imwrite("rgba.tif", RGBA, photometric="rgb", extrasamples=["unassalpha"])
    tifffile.imwrite("grey.tif", GREYA, photometric="minisblack", extrasamples=["unassalpha"], planarconfig="contig")
    times = (RGBA * (RGBA[..., 3:] / 65535)).astype(np.uint16)
    times[..., 3] = RGBA[..., 3]
    tifffile.imwrite("times.tif", times, photometric="rgb", extrasamples=["assocalpha"])
    np.testing.assert_allclose(load("rgba.tif"), over_black(RGBA, 3), atol=1e-6)
    np.testing.assert_allclose(load("grey.tif"), over_black(GREYA, 1), atol=1e-6)
    np.testing.assert_allclose(load("times.tif"), over_black(RGBA, 3), atol=2e-5)


def test_what_pillow_does_not_open_is_upright_too():
    tifffile.imwrite("a.tif", (RGB / 65535).astype(np.float32), photometric="rgb", extratags=[(274, "H", 1, 6, True)])
    np.testing.assert_allclose(load("a.tif"), np.rot90(RGB / 65535, -1), atol=1e-6)


def test_a_tiff_of_five_channels_is_no_picture():
    tifffile.imwrite("a.tif", np.dstack([RGBA, GREY]), photometric="minisblack", planarconfig="contig")
    with pytest.raises(InputError, match=r"5 channels of uint16; save it as \.npy for signal=array"):
        load("a.tif")


@pytest.mark.parametrize("most", [65535, 4095])
def test_a_ppm_keeps_its_bits(most: int, said: Said):
    samples = (RGB.astype(int) * most // 65535).astype(">u2")
    samples[0, 0] = most
    Path("a.ppm").write_bytes(b"P6 7 6 %d\n" % most + samples.tobytes())
    np.testing.assert_allclose(load("a.ppm"), samples / most, atol=1e-6)
    Path("plain.ppm").write_text(f"P3 2 2 {most} " + " ".join(["0", "1", str(most)] * 4))
    load("plain.ppm")
    assert said() == [f"plain.ppm: has {most.bit_length()} bits a channel, of which 8 are read; save it as PNG or TIFF of 16 bits to fit all"]  # fmt: skip


def test_12_bits_in_16_are_told(said: Said):
    save_png("a.png", RGB >> 4)
    assert load("a.png").max() <= 4095 / 65535
    assert len(said()) == 1
    assert "of 65535" in said()[0]


def test_a_profile_is_applied_at_the_pictures_depth(said: Said):
    ramp = np.linspace(20_000, 45_000, 1000).astype(np.uint16)[:, None, None] * np.ones((1, 2, 3), np.uint16)
    ramp[..., 0] += 5_000
    values = load(save_png("ramp.png", ramp, iCCP=iccp(display_p3())))
    assert len(np.unique(values[:, 0, 0])) == 1000
    meant = profiles.from_icc(display_p3())((ramp / 65535).astype(np.float32))
    np.testing.assert_allclose(values, meant, atol=1e-6)
    assert np.abs(values - ramp / 65535).max() > 0.005
    assert said() == []


def test_a_profile_of_srgb_leaves_every_bit(said: Said):
    pixels = (RGBA >> 8).astype(np.uint8)
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    plain, named = (
        load(save_png(f"{i}.png", pixels, **chunks)) for i, chunks in enumerate(({}, {"iCCP": iccp(srgb)}))
    )
    assert (plain == named).all()
    assert said() == []


def test_photos_of_packages_are_as_these_give_them():
    for name in ("rocket", "astronaut"):  # one has Adobe RGB's profile
        suffix = "jpg" if name == "rocket" else "png"
        assert (load(f"skimage:{name}.{suffix}") == getattr(data, name)().astype(np.float32) / 255).all()


def test_a_profile_that_cannot_be_used_is_told(said: Said):
    for i, profile in enumerate((b"nonsense", lightness_table(b"CMYK", [0] * 16))):
        assert (
            load(save_png(f"{i}.png", (RGB >> 8).astype(np.uint8), iCCP=iccp(profile)))
            == (RGB >> 8) / np.float32(255)
        ).all()
    assert [line.split(":")[0] for line in said()] == ["0.png", "1.png"]
    assert all("its colour profile is passed over" in line for line in said())


def test_inks_go_by_their_profile_or_are_told(said: Said):
    ink = Image.new("CMYK", (4, 4), (200, 100, 50, 128))
    ink.save(
        "profiled.tif", icc_profile=lightness_table(b"CMYK", [255 * (1 - i % 2) for i in range(16)])
    )  # L = 100 (1 - K)
    ink.save("bare.tif")
    assert load("profiled.tif") == pytest.approx(0.4633, abs=0.004)  # L = 49.8
    assert said() == []
    load("bare.tif")
    assert said() == ["bare.tif: is CMYK without a colour profile, so that its colours are a guess; save it as sRGB for the right ones"]  # fmt: skip


def test_lab_becomes_the_colours_that_it_stands_for():
    """By CIE's equations, and XYZ under D50 to sRGB (B. Lindbloom's matrix)."""
    lab = np.random.default_rng(0).integers((90, -20, -20), (200, 21, 21), (5, 5, 3))
    Image.frombytes("LAB", (5, 5), lab.astype(np.int8).tobytes()).save("lab.tif")
    y = (lab[..., 0] / 2.55 + 16) / 116
    f = np.stack([y + lab[..., 1] / 500, y, y - lab[..., 2] / 200], axis=-1)
    xyz = np.where(f > 6 / 29, f**3, (f - 16 / 116) * 108 / 841) * (0.9642, 1, 0.8249)
    light = xyz @ np.array([[3.1338561, -1.6168667, -0.4906146], [-0.9787684, 1.9161415, 0.0334540], [0.0719453, -0.2289914, 1.4052427]]).T  # fmt: skip
    meant = np.where(light > 0.0031308, 1.055 * light.clip(0) ** (1 / 2.4) - 0.055, 12.92 * light)
    np.testing.assert_allclose(load("lab.tif"), meant, atol=2 / 255)


def stack(file: str, count: int = 3) -> list[int]:
    """Pages of one grey each."""
    greys = [60 * i for i in range(count)]
    pages = [Image.new("L", (4, 3), grey) for grey in greys]
    pages[0].save(file, save_all=True, append_images=pages[1:])
    return greys


@pytest.mark.parametrize("file", ["a.gif", "a.tif", "a.png", "a.webp"])
def test_one_page_of_several_is_told_or_chosen(file: str, said: Said):
    greys = stack(file)
    assert load(file).max() < 0.02
    assert said() == [f"signal.path: {file} has 3 pages or frames, of which the first is taken; signal.page=1 would be the second, signal=frames takes all"]  # fmt: skip
    assert load(file, page=2).mean() == pytest.approx(greys[2] / 255, abs=0.02)
    assert len(said()) == 1
    with pytest.raises(InputError, match=f"signal.page: 3 should be 0 to 2, the pages of {file}"):
        load(file, page=3)


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("a.HEIC", "pip install pillow-heif"),
        ("a.mp4", "ffmpeg -i a.mp4 -t 2 a.apng"),
        ("a.nii.gz", "nibabel.load('a.nii.gz')"),
        ("a.h5", "h5py.File('a.h5')"),
        ("a.wav", "signal=sound reads it"),
        ("a.npy", "signal=array reads it"),
        ("a.ply", "task=surface signal=cloud reads it"),
        ("a.NEF", "is a camera's raw file; darktable-cli a.NEF a.tif"),
    ],
)
def test_other_kinds_are_told_how_to_be_read(name: str, what: str):
    Path(name).write_bytes(b"\x89HDF\r\n\x1a\n" if name.endswith("h5") else b"something else")
    with pytest.raises(InputError) as error:
        load(name)
    assert what in str(error.value)
    assert "damaged" not in str(error.value)


def test_depths_are_read_from_the_heads_of_files(tmp_path: Path):
    """Of 8 bits as Pillow writes them, and with the bits that stand for more."""
    from fieldlab.signals.deep import bits_of

    for suffix, mark, offset, flag, bits in ((".jp2", b"\xff\x51", 40, 15, 16), (".avif", b"av1C", 6, 0x40, 10)):
        stream = io.BytesIO()
        Image.fromarray((RGB >> 8).astype(np.uint8)).save(
            stream, format={".jp2": "JPEG2000", ".avif": "AVIF"}[suffix]
        )
        head = bytearray(stream.getvalue())
        for expected in (8, bits):
            file = tmp_path / f"{expected}{suffix}"
            file.write_bytes(head)
            with Image.open(io.BytesIO(stream.getvalue())) as picture:
                assert bits_of(picture, file) == expected
            place = head.index(mark) + offset
            head[place] = flag if suffix == ".jp2" else head[place] | flag


def test_previews_in_a_phones_picture_are_no_pages(said: Said):
    picture = Image.fromarray((RGB >> 8).astype(np.uint8))
    picture.save("a.jpg", format="MPO", save_all=True, append_images=[picture.resize((3, 3))])
    assert load("a.jpg").shape == (6, 7, 3)
    assert said() == []
    assert "MPO" in decoding.ONE_PICTURE
