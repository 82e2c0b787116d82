"""Frames as signals: animations and stacks of pages, of three axes [t, h, w]."""

from typing import Literal

import numpy as np
import torch
from PIL import ImageColor

from fieldlab.config.files import File, Label
from fieldlab.errors import InputError
from fieldlab.signals.decoding import read_pages
from fieldlab.signals.grid import Alignment, Grid
from fieldlab.signals.images import adapt, refuse_damage
from fieldlab.signals.kinds import find_file
from fieldlab.signals.medium import Animation

USUAL_MS = 100.0  # that a page is shown where the file does not say


def frames(
    *,
    name: Label | None,
    path: File,
    frames: list[int] | None,
    size: int | list[int] | None,
    channels: Literal["grey", "rgb"],
    background: str,
    alignment: Alignment,
) -> Grid:
    """All frames or pages of a GIF, APNG, animated WebP or AVIF, or TIFF, each read as signal=image reads it.

    `frames` [FROM, TO] takes those of a slice. `size` cuts and resamples each. All are evenly spaced along the first axis,
    however long each is shown.

    Raises:
        InputError: a file that is missing or no picture, one frame alone, pages of several sizes.
    """
    below = ImageColor.getrgb(background)
    file = find_file(path, "signal.path", "file of frames")
    if frames is not None and len(frames) != 2:
        raise ValueError(f"frames must be [FROM, TO], not {frames}")
    shown, milliseconds = [], []
    with refuse_damage(file, "signal.path"):
        for pixels, ms in read_pages(file, slice(*(frames or (None,)))):
            shown.append(adapt(pixels.over(below), "signal.path", channels, size))
            milliseconds.append(float(ms or USUAL_MS))
    sizes = sorted({pixels.shape[:2] for pixels in shown})
    if len(shown) < 2:
        count = f"{len(shown)} frame" + ("" if len(shown) == 1 else "s")
        raise InputError(f"signal.path: {file} has {count}, and two are needed; signal=image reads one")
    if len(sizes) > 1:
        listed = ", ".join(f"{rows} x {columns}" for rows, columns in sizes)
        raise InputError(
            f"signal.path: the pages of {file} differ in size ({listed}); signal.size=… makes them alike"
        )
    values = torch.from_numpy(np.stack(shown))
    return Grid(name or file.stem, values, alignment, medium=Animation(tuple(milliseconds)))
