"""Sheets: several images on one, with their names, as a picture or as a film."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageDraw, ImageFont

from fieldlab.identity import slug
from fieldlab.pictures import picture

LEAST_SIDE, LEAST_FRAME = 128, 64  # smaller images are shown enlarged, by whole factors
GAP, LINE = 6, 14
FRAME_MS, LAST_MS = 120, 1500
Pixels = UInt8[np.ndarray, "n h w 3"]


def contact_sheet(
    images: Pixels, names: Sequence[str], least: int = LEAST_SIDE, columns: int | None = None
) -> UInt8[np.ndarray, "i j 3"]:
    """Images side by side on white, each above its name; at least so many pixels large; by default about as many rows as
    columns."""
    factor = max(1, -(-least // max(images.shape[1:3])))
    images = images.repeat(factor, axis=1).repeat(factor, axis=2)
    n, h, w, _ = images.shape
    columns = columns or (math.ceil(math.sqrt(n * h / w)) if n > 1 else 1)
    rows = -(-n // columns)
    sheet = Image.new("RGB", (GAP + columns * (w + GAP), GAP + rows * (h + LINE + GAP)), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(10)
    for i, (image, name) in enumerate(zip(images, names, strict=True)):
        x, y = GAP + i % columns * (w + GAP), GAP + i // columns * (h + LINE + GAP)
        sheet.paste(Image.fromarray(image), (x, y))
        pen.text((x, y + h + 1), fitting(name, w, font), fill="#444", font=font)
    return np.asarray(sheet)


def fitting(name: str, width: int, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> str:
    """As much of a name as fits."""
    while len(name) > 1 and font.getlength(name) > width:
        name = name.rstrip("…")[:-1] + "…"
    return name


def save_film(file: Path, frames: Sequence[UInt8[np.ndarray, "i j 3"]]) -> None:
    """The frames as a GIF that repeats; the last one stays for a while. All share the colours of the last frame."""
    last = Image.fromarray(frames[-1]).quantize(256)
    plain = Image.Dither.NONE  # dithered frames are several times as large
    film = [Image.fromarray(frame).quantize(palette=last, dither=plain) for frame in frames]
    times = [FRAME_MS] * (len(film) - 1) + [LAST_MS]
    film[0].save(file, save_all=True, append_images=film[1:], duration=times, loop=0, optimize=False)


def save_images(folder: Path, images: Pixels, names: Sequence[str]) -> None:
    """A PNG for each, called after it."""
    folder.mkdir(exist_ok=True)
    for i, (image, name) in enumerate(zip(images, names, strict=True)):
        Image.fromarray(image).save(folder / f"{i:03d}-{slug(name)}.png")


def bytes_of(images: np.ndarray) -> Pixels:
    """Images [n, c, h, w] in [0, 1] as RGB bytes; of other than three channels the first, in grey."""
    return np.stack([picture(image) for image in np.nan_to_num(np.moveaxis(images, 1, -1)).clip(0, 1)])
