"""NumPy arrays as signals: audio (1 axis), images (2), volumes and videos (3)."""

from pathlib import Path

import numpy as np
import torch

from fieldlab.errors import InputError
from fieldlab.signals.grid import Alignment, Grid


def array(
    *,
    name: str | None,
    path: str,
    channels_last: bool,
    span: list[float] | None,
    alignment: Alignment,
) -> Grid:
    """A `.npy` file of 1 to 3 grid axes; with `channels_last` one more axis, the last, holds the channels.

    `span` are the values that become 0 and 1, by default the array's own minimum and maximum. PSNR is then
    relative to that span.

    Raises:
        InputError: a file that is missing or no numeric array, NaN or infinite values, too many axes.
    """
    file = Path(path).expanduser()
    values = load(file)
    axes = values.ndim - channels_last
    if not 1 <= axes <= 3:
        hint = "; signal.channels_last=true takes the last axis as channels" if values.ndim == 4 else ""
        raise InputError(f"signal.path: {file} has {values.ndim} axes; a signal has 1 to 3{hint}")
    if span is not None and len(span) != 2:
        raise ValueError(f"span must be [LOW, HIGH], not {span}")
    low, high = span or (values.min().item(), values.max().item())
    if not low < high:
        raise InputError(f"signal.span: {low} to {high} is no range; set signal.span=[low,high]")
    if values.min() < low or values.max() > high:
        raise InputError(f"signal.span: {file} has values outside [{low}, {high}]")
    canonical = torch.from_numpy(((values - low) / (high - low)).astype(np.float32))
    return Grid(
        name or file.stem,
        canonical if channels_last else canonical[..., None],
        alignment,
        span=(float(low), float(high)),
    )


def load(file: Path) -> np.ndarray:
    """The array in float64; finite numbers only."""
    if file.is_dir():
        raise InputError(f"signal.path: {file} is a directory; name one .npy file in it, or fit all of them with -m")
    if not file.exists():
        raise InputError(f"signal.path: there is no file {file}")
    try:
        values = np.load(file, allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise InputError(f"signal.path: {file} is no NumPy array ({error})") from error
    if not isinstance(values, np.ndarray) or values.dtype.kind not in "biuf" or values.size == 0:
        raise InputError(f"signal.path: {file} should hold one array of real numbers")
    if not np.isfinite(values).all():
        raise InputError(f"signal.path: {file} has NaN or infinite values")
    return values.astype(np.float64)
