"""Images as signals: anything Pillow opens, and the photos that scikit-image's wheel carries."""

import importlib.util
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from jaxtyping import Bool, Float
from PIL import Image, ImageColor, UnidentifiedImageError
from torch import Tensor

from fieldlab.config.files import File, Label, Mask
from fieldlab.errors import InputError
from fieldlab.signals.decoding import read_page
from fieldlab.signals.grid import Alignment, Grid
from fieldlab.signals.kinds import RAW, find_file, picture_suffixes, remedy

PACKAGES = {
    "skimage:": ("scikit-image", "data"),
    "sklearn:": ("scikit-learn", "datasets/images"),
}  # that carry photos
LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)  # ITU-R BT.601, what Pillow's "L" means


def image(
    *,
    name: Label | None,
    path: File,
    mask: Mask | None,
    page: int | None,
    size: int | list[int] | None,
    channels: Literal["grey", "rgb"],
    background: str,
    alignment: Alignment,
) -> Grid:
    """A picture from a file, or `skimage:FILE` from scikit-image's bundled photos, `sklearn:FILE` from scikit-learn's.

    `size`: null keeps the picture; N or [ROWS, COLUMNS] cuts the largest centred area of that shape and
    resamples it with antialiasing (Lanczos). Of a file of several pages or frames `page`, counted from 0, is taken; null:
    the first. Transparent pixels are composited on `background`; the EXIF orientation is applied; 16 bits stay 16 bits.
    Colours are converted to sRGB where the file says that they are others; those of a package's photos are left as the
    package itself gives them, `skimage.data.rocket()` among them. `name` defaults to the file's stem. A `mask` is a picture
    that marks what is brighter than 1/2 in it, cut and resampled to the shape of this one.

    Raises:
        InputError: a file that is missing, empty, truncated, too large, or no picture.
        ValueError: a size below 2, a colour that is none.
    """
    pixels = load(path, "signal.path", channels=channels, size=size, background=background, page=page)
    marked = None if mask is None else read_mask(mask, pixels.shape[:2])
    return Grid(name or resolve(path, "signal.path").stem, torch.from_numpy(pixels), alignment, mask=marked)


def load(
    path: str, key: str, *, channels: str, size: int | list[int] | None, background: str, page: int | None = None
) -> Float[np.ndarray, "rows columns c"]:
    """Pixels in [0, 1] of the file that the setting `key` names."""
    below = ImageColor.getrgb(background)
    file = find_file(str(resolve(path, key)), key, "picture")
    with refuse_damage(file, key):
        pixels = read_page(file, key, page, as_stored=path.startswith(tuple(PACKAGES))).over(below)
    return adapt(pixels, key, channels, size)


def adapt(
    pixels: Float[np.ndarray, "h w b"], key: str, channels: str, size: int | list[int] | None
) -> Float[np.ndarray, "rows columns c"]:
    """Pixels with so many channels, cut and resampled to that size."""
    pixels = convert_channels(check_range(pixels, key), channels)
    if size is not None:
        rows, columns = (size, size) if isinstance(size, int) else check_pair(size)
        pixels = resample(pixels, rows, columns)
    return np.ascontiguousarray(pixels)


def read_mask(path: str, shape: tuple[int, ...]) -> Bool[Tensor, "rows columns"]:
    """Where a picture, cut and resampled to this shape, is brighter than 1/2."""
    white = load(path, "signal.mask", channels="grey", size=list(shape), background="black")
    return torch.from_numpy(white[..., 0] > 0.5)


def convert_channels(pixels: np.ndarray, channels: str) -> np.ndarray:
    """The pixels with one channel or three."""
    if channels == "grey" and pixels.shape[-1] == 3:
        return (pixels @ LUMA)[..., None]
    if channels == "rgb" and pixels.shape[-1] == 1:
        return pixels.repeat(3, axis=-1)
    return pixels


def resolve(path: str, key: str) -> Path:
    """The file that `path` names; `skimage:` and `sklearn:` are the folders of the photos in their wheels."""
    prefix = next((prefix for prefix in PACKAGES if path.startswith(prefix)), None)
    if prefix is None:
        return Path(path).expanduser()
    project, folder = PACKAGES[prefix]
    package = importlib.util.find_spec(prefix.rstrip(":"))
    if package is None or package.origin is None:
        raise InputError(f"{key}: {path} needs {project}; pip install {project}")
    return Path(package.origin).parent / folder / path.removeprefix(prefix)


@contextmanager
def refuse_damage(file: Path, key: str) -> Iterator[None]:
    """Report in one line what Pillow says of a file that it cannot read.

    Raises:
        InputError: no picture, one that is damaged or too large.
    """
    if file.suffix.lower() in RAW.split():  # Pillow would take the preview in it
        raise InputError(f"{key}: {file} is a camera's raw file{remedy(file, 'image')}")
    picture_suffixes()  # HEIF can be opened from here on
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            yield
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        limit = f"{Image.MAX_IMAGE_PIXELS:,}"
        raise InputError(
            f"{key}: {file} has more than {limit} pixels; crop it, or save it as .npy for signal=array"
        ) from error
    except UnidentifiedImageError as error:
        raise InputError(f"{key}: {file} is no picture that Pillow can open{remedy(file, 'image')}") from error
    except InputError:
        raise
    except (OSError, SyntaxError, EOFError, ValueError, NotImplementedError) as error:  # Pillow's words for damage
        if how := remedy(file, "image"):  # of some kinds it knows the name alone
            raise InputError(f"{key}: {file} is no picture that Pillow can open{how}") from error
        raise InputError(f"{key}: {file} is damaged or incomplete ({error})") from error


def check_range(pixels: np.ndarray, key: str) -> np.ndarray:
    """The pixels, which must lie in [0, 1], or in 16 bits: floating-point and 32-bit ones have no stated range.

    Raises:
        InputError: pixels outside.
    """
    if not (np.isfinite(pixels).all() and pixels.min() >= 0 and pixels.max() <= 1):
        raise InputError(
            f"{key}: a picture of floats must lie in [0, 1], one of integers in 0 to 65535; "
            "save it as .npy for signal=array"
        )
    return pixels


def check_pair(size: list[int]) -> tuple[int, int]:
    if len(size) != 2:
        raise ValueError(f"size must be N or [ROWS, COLUMNS], not {size}")
    return size[0], size[1]


def resample(pixels: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """The largest centred area of this shape, resampled to it with antialiasing."""
    if rows < 2 or columns < 2:
        raise ValueError(f"size must be at least 2 along both axes, not {rows} x {columns}")
    height, width = pixels.shape[:2]
    scale = min(height / rows, width / columns)
    top, left = (height - scale * rows) / 2, (width - scale * columns) / 2
    box = (left, top, left + scale * columns, top + scale * rows)
    planes = [Image.fromarray(np.ascontiguousarray(plane)) for plane in np.moveaxis(pixels, -1, 0)]
    resized = [plane.resize((columns, rows), Image.Resampling.LANCZOS, box=box) for plane in planes]
    return np.stack([np.asarray(plane) for plane in resized], axis=-1).clip(0, 1)
