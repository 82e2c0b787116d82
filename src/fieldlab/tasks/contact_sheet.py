"""Contact sheets: several images with their names in one picture, and films of such sheets."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageDraw, ImageFont

from fieldlab.config.names import slugify
from fieldlab.signals.pictures import picture

LEAST_SIDE, LEAST_FRAME = 128, 64  # smaller images are shown enlarged, by whole factors
GAP, LINE = 6, 14
FRAME_MS, LAST_MS = 120, 1500
Pixels = UInt8[np.ndarray, "n h w 3"]


def draw_sheet(
    images: Pixels, names: Sequence[str], least: int = LEAST_SIDE, columns: int | None = None
) -> UInt8[np.ndarray, "i j 3"]:
    """Images side by side on white, each above its name.

    Their longer side has at least `least` pixels; by default there are about as many rows as columns.
    """
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
        pen.text((x, y + h + 1), shorten_to_fit(name, w, font), fill="#444", font=font)
    return np.asarray(sheet)


def shorten_to_fit(name: str, width: int, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> str:
    """A name cut to a width in pixels."""
    while len(name) > 1 and font.getlength(name) > width:
        name = name.rstrip("…")[:-1] + "…"
    return name


def save_film(file: Path, frames: Sequence[UInt8[np.ndarray, "i j 3"]]) -> None:
    """Write the frames as a GIF that repeats and stays on the last one for a while. All share the colours of the last frame."""
    last = Image.fromarray(frames[-1]).quantize(256)
    plain = Image.Dither.NONE  # dithered frames are several times as large
    film = [Image.fromarray(frame).quantize(palette=last, dither=plain) for frame in frames]
    times = [FRAME_MS] * (len(film) - 1) + [LAST_MS]
    film[0].save(file, save_all=True, append_images=film[1:], duration=times, loop=0, optimize=False)


def save_images(folder: Path, images: Pixels, names: Sequence[str]) -> None:
    """Write a PNG for each image, called after it."""
    folder.mkdir(exist_ok=True)
    for i, (image, name) in enumerate(zip(images, names, strict=True)):
        Image.fromarray(image).save(folder / f"{i:03d}-{slugify(name)}.png")


def to_bytes(images: np.ndarray) -> Pixels:
    """Images [n, c, h, w] in [0, 1] as RGB bytes; of other than three channels the first, in grey."""
    return np.stack([picture(image) for image in np.nan_to_num(np.moveaxis(images, 1, -1)).clip(0, 1)])
