"""Decoding: a page of any file that Pillow or tifffile opens, upright and in sRGB."""

import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from fieldlab.errors import InputError, first_line
from fieldlab.notices import say_once
from fieldlab.signals import profiles, tiffs
from fieldlab.signals.deep import note_lost_bits, rawmode, read_deep
from fieldlab.signals.pixels import Pixels

SIXTEEN_BIT = ("I;16", "I;16B", "I;16L", "I;16N", "I")
ONE_PICTURE = ("MPO", "PSD")  # whose further pages are previews, gain maps and layers of the first
DIM = 4095 / 65535  # a picture of 16 bits that stays below has probably 12
INTEROPERABILITY, INDEX = 0xA005, 1  # where cameras say that they mean Adobe RGB


def read_page(file: Path, key: str, page: int | None, *, as_stored: bool) -> Pixels:
    """The pixels of a page, counted from 0; None: the first, with a note where there are others. `as_stored` converts no colours.

    Raises:
        InputError: a page that is not there.
        OSError, ValueError, SyntaxError, EOFError: Pillow's and tifffile's words for damage.
    """
    try:
        with Image.open(file) as picture:
            alone = picture.format in ONE_PICTURE
            picture.seek(choose_page(file, key, page, getattr(picture, "n_frames", 1), alone))
            return decode(picture, file, as_stored=as_stored)
    except UnidentifiedImageError:
        if not tiffs.is_tiff(file):
            raise
        pixels, icc = tiffs.read_page(file, choose_page(file, key, page, tiffs.count_pages(file), False))
        return to_srgb(pixels, {"icc_profile": icc}, "", file)


def choose_page(file: Path, key: str, page: int | None, count: int, alone: bool) -> int:
    """The number of the page to read; notes where there are others."""
    if page is None and count > 1 and not alone:
        how = "; signal.page=1 would be the second, signal=frames takes all" if key == "signal.path" else ""
        say_once(f"{key}: {file} has {count} pages or frames, of which the first is taken{how}")
    if page is not None and not 0 <= page < count:
        raise InputError(f"signal.page: {page} should be 0 to {count - 1}, the pages of {file}")
    return page or 0


def read_pages(file: Path, taken: slice) -> Iterator[tuple[Pixels, float | None]]:
    """The pages of a file in order, each with the milliseconds that it is shown where the file says so."""
    try:
        with Image.open(file) as picture:
            first = int(picture.info.get("default_image", False))  # of an APNG: is not part of what moves
            for page in range(first, getattr(picture, "n_frames", 1))[taken]:
                picture.seek(page)
                yield decode(picture, file, as_stored=False), picture.info.get("duration")
    except UnidentifiedImageError:
        if not tiffs.is_tiff(file):
            raise
        for page in range(tiffs.count_pages(file))[taken]:
            pixels, icc = tiffs.read_page(file, page)
            yield to_srgb(pixels, {"icc_profile": icc}, "", file), None


def decode(picture: Image.Image, file: Path, *, as_stored: bool) -> Pixels:
    """The pixels of the picture's current page."""
    page = picture.tell()
    if tiffs.is_spoilt(picture):
        pixels, icc = tiffs.read_page(file, page)
        return to_srgb(pixels, {"icc_profile": icc}, "", file)
    if (found := read_deep(picture, file, page)) is None:
        note_lost_bits(picture, file)
        if picture.mode in ("CMYK", "LAB"):
            return Pixels(convert_inks(picture, file), None, 255)
        found = read_shallow(picture)
    if found.levels == 65535 and 0 < found.colours.max() <= DIM:
        say_once(
            f"{file}: is of 16 bits, but its brightest value is {found.colours.max() * 65535:.0f} of 65535; if it is to be"
            " stretched, save it as .npy for signal=array, whose span is the values' own"
        )
    if as_stored:
        return found
    mark = picture.getexif().get_ifd(INTEROPERABILITY).get(INDEX)
    return to_srgb(found, picture.info, mark, file)


def to_srgb(pixels: Pixels, info: Mapping[Any, Any], mark: str | None, file: Path) -> Pixels:
    """The pixels in sRGB; colours that were converted have no whole levels."""
    try:
        convert = profiles.find_conversion(info, mark)
        return pixels if convert is None else Pixels(convert(pixels.colours), pixels.alpha, 0)
    except ValueError as error:
        say_once(f"{file}: its colour profile is passed over, and its colours are taken for sRGB: {error}")
        return pixels


def read_shallow(picture: Image.Image) -> Pixels:
    """The pixels of a picture that Pillow reads in full: greys of any depth, colours of 8 bits."""
    stored, white_is_zero = rawmode(picture), tags(picture).get(tiffs.PHOTOMETRIC) == tiffs.WHITE_IS_ZERO
    upright = ImageOps.exif_transpose(picture)
    if picture.mode in SIXTEEN_BIT or picture.mode == "F":
        values = np.asarray(upright, dtype=np.float32)
        levels = 0 if picture.mode == "F" else 4095 if stored == "I;12" else 65535
        unit = values / (levels or 1)
        hidden = picture.info.get("transparency")
        alpha = None if hidden is None else (values != hidden).astype(np.float32)
        return Pixels((1 - unit if white_is_zero else unit)[..., None], alpha, levels)
    if upright.has_transparency_data:
        values = np.asarray(upright.convert("RGBA"), dtype=np.float32) / 255
        return Pixels(values[..., :3], values[..., 3], 255)
    mode = "L" if upright.mode in ("1", "L") else "RGB"
    values = np.asarray(upright.convert(mode), dtype=np.float32) / 255
    return Pixels(values.reshape(*values.shape[:2], -1), None, 255)


def tags(picture: Image.Image) -> Mapping[int, Any]:
    """The tags of a TIFF; none of other pictures."""
    return getattr(picture, "tag_v2", {})


def convert_inks(picture: Image.Image, file: Path) -> Float[np.ndarray, "rows columns c"]:
    """The sRGB colours of a picture in LAB, or in CMYK by its profile; without one (1 - ink) (1 - black)."""
    upright = ImageOps.exif_transpose(picture)
    icc = picture.info.get("icc_profile")
    why = "without a colour profile"
    try:
        if picture.mode == "LAB":
            profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
            return np.asarray(profiles.through_lcms(upright, profile), dtype=np.float32) / 255
        if icc:
            profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
            return np.asarray(profiles.through_lcms(upright, profile), dtype=np.float32) / 255
    except (ImageCms.PyCMSError, OSError) as error:
        why = f"with a colour profile that cannot be used ({first_line(error)})"
    say_once(f"{file}: is CMYK {why}, so that its colours are a guess; save it as sRGB for the right ones")
    return np.asarray(upright.convert("RGB"), dtype=np.float32) / 255
