"""Deep pictures: colours of more than 8 bits a channel, of which Pillow keeps 8."""

import re
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from fieldlab.notices import say_once
from fieldlab.signals.pixels import Pixels

CHANNELS = {"RGB": 3, "RGBX": 3, "RGBA": 3, "LA": 1}  # of colour, by raw mode


def read_deep(picture: Image.Image, file: Path, page: int) -> Pixels | None:
    """Colours of 16 bits in a PNG, TIFF or PPM; None where there are none.

    Pillow keeps the upper byte of each sample, and, asked for the other byte order, the lower one.
    """
    stored, _, order = rawmode(picture).partition(";16")
    levels = 65535
    if picture.format == "PPM" and picture.mode == "RGB" and picture.tile[0].codec_name == "ppm":  # type: ignore[attr-defined]
        levels = picture.tile[0].args[1]  # type: ignore[attr-defined]
        order = "B" if levels > 255 else ""
    if stored not in CHANNELS or order not in ("B", "L", "N") or not order:
        return None
    if stored == "LA":  # has no other byte order, but as many bytes as RGBA
        four = read_stored(file, page, "RGBA")
        samples = (four[..., ::2] << 8) + four[..., 1::2]
    else:
        upper, lower = "BL" if order == "B" or (order == "N" and sys.byteorder == "big") else "LB"
        samples = (read_stored(file, page, f"{stored};16{upper}") << 8) + read_stored(
            file, page, f"{stored};16{lower}"
        )
    colours, hidden = samples[..., : CHANNELS[stored]], picture.info.get("transparency")
    alpha = None
    if stored.endswith("A"):
        alpha = samples[..., -1] / np.float32(levels)
    elif hidden is not None:
        alpha = (colours != np.array(hidden)).any(-1).astype(np.float32)
    return Pixels((colours / levels).astype(np.float32), alpha, levels)


def read_stored(file: Path, page: int, mode: str) -> np.ndarray:
    """The picture as Pillow decodes it in this raw mode, upright."""
    with Image.open(file) as picture:
        picture.seek(page)
        [*tiles] = picture.tile
        if picture.format == "PPM":
            picture.tile = [tiles[0]._replace(codec_name="raw", args=(mode, 0, 1))]
        else:
            picture.tile = [t._replace(args=mode if isinstance(t.args, str) else (mode, *t.args[1:])) for t in tiles]  # type: ignore[misc]
        return np.asarray(ImageOps.exif_transpose(picture), dtype=np.int32)


def rawmode(picture: Image.Image) -> str:
    """The raw mode in which Pillow reads the samples of a picture that it has not loaded yet."""
    args = picture.tile[0].args if picture.tile else ""  # type: ignore[attr-defined]
    return str(args if isinstance(args, str) else args[0] if args else "")


def note_lost_bits(picture: Image.Image, file: Path) -> None:
    """Note where colours are deeper than what is read of them."""
    bits = bits_of(picture, file)
    if bits > 8 and not picture.mode.startswith(("I", "F")):
        say_once(
            f"{file}: has {bits} bits a channel, of which 8 are read; save it as PNG or TIFF of 16 bits to fit all"
        )


def bits_of(picture: Image.Image, file: Path) -> int:
    """Bits a channel, of formats that Pillow reads as 8: HEIF, JPEG 2000, AVIF, plain PPM and inks."""
    if picture.format == "PPM" and picture.tile[0].codec_name == "ppm_plain":  # type: ignore[attr-defined]
        return picture.tile[0].args[1].bit_length()  # type: ignore[attr-defined]
    if picture.format == "JPEG2000":
        size = re.search(rb"\xff\x51.{38}(.)", file.read_bytes()[:4096], re.DOTALL)  # the codestream's marker SIZ
        return (size[1][0] & 0x7F) + 1 if size else 8
    if picture.format == "AVIF":
        configured = re.search(rb"av1C..(.)", file.read_bytes()[:4096], re.DOTALL)
        return {0x40: 10, 0x60: 12}.get(configured[1][0] & 0x60, 8) if configured else 8
    return 16 if rawmode(picture).startswith("CMYK;16") else picture.info.get("bit_depth", 8)
