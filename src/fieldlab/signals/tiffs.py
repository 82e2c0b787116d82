"""TIFF: pages that Pillow does not read, or would spoil."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from fieldlab.signals.deep import rawmode
from fieldlab.signals.pixels import Pixels

if TYPE_CHECKING:
    from tifffile import TiffFile

WHITE_IS_ZERO = 0  # of the tag PhotometricInterpretation
BITS, PHOTOMETRIC, ORIENTATION = 258, 262, 274  # tags
ASSOCIATED, UNASSOCIATED = 1, 2  # alpha, in the tag ExtraSamples
TURNED: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: np.rot90,
}  # upright, by orientation


def is_tiff(file: Path) -> bool:
    """Whether a file is a TIFF or BigTIFF, of either byte order, by its first bytes."""
    with file.open("rb") as opened:
        return opened.read(4) in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def is_spoilt(picture: Image.Image) -> bool:
    """Whether Pillow reads a TIFF of more than 8 bits wrongly: planes stored apart, and colours times alpha."""
    if picture.format != "TIFF" or max(picture.tag_v2.get(BITS, (1,))) <= 8:  # type: ignore[attr-defined]
        return False
    return rawmode(picture).startswith("RGBa") or rawmode(picture) in ("R", "G", "B", "A")


def open_tiff(file: Path) -> "TiffFile":
    """The file, for its pages."""
    import tifffile  # here: it takes as long to load as all else of signals together

    return tifffile.TiffFile(file)


def count_pages(file: Path) -> int:
    with open_tiff(file) as tiff:
        return len(tiff.pages)


def read_page(file: Path, page: int) -> tuple[Pixels, bytes | None]:
    """A page, upright, and its colour profile.

    Raises:
        ValueError: what tifffile does not decode, or no picture.
    """
    with open_tiff(file) as tiff:
        part = tiff.pages[page]
        samples, axes = part.asarray(), part.axes  # type: ignore[union-attr]
        icc, orientation = part.iccprofile, part.tags.valueof(ORIENTATION, 1)  # type: ignore[union-attr]
        extra, bits, photometric = list(part.extrasamples), part.bitspersample, part.photometric  # type: ignore[union-attr]
    samples = samples[..., None] if axes == "YX" else np.moveaxis(samples, axes.index("S"), -1)
    channels = samples.shape[-1] - len(extra)
    if channels not in (1, 3) or len(extra) > 1 or samples.dtype.kind not in "uf":
        raise ValueError(f"it has {samples.shape[-1]} channels of {samples.dtype}; save it as .npy for signal=array")
    levels = 2**bits - 1 if samples.dtype.kind == "u" else 0
    unit = (TURNED.get(orientation, np.asarray)(samples) / (levels or 1)).astype(np.float32)
    colours = 1 - unit[..., :channels] if photometric == WHITE_IS_ZERO else unit[..., :channels]
    alpha = unit[..., channels] if extra and extra[0] in (ASSOCIATED, UNASSOCIATED) else None
    if alpha is not None and extra[0] == ASSOCIATED:
        colours = (colours / np.maximum(alpha, 1e-9)[..., None]).clip(0, 1)
    return Pixels(colours, alpha, levels), icc
