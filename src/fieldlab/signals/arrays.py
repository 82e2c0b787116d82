"""NumPy arrays as signals: audio (1 axis), images (2), volumes and videos (3)."""

from pathlib import Path

import numpy as np
import torch

from fieldlab.config.files import File, Label
from fieldlab.errors import InputError
from fieldlab.notices import say_once
from fieldlab.signals.grid import Alignment, Grid
from fieldlab.signals.kinds import find_file, remedy
from fieldlab.signals.medium import Layout

MOST_CHANNELS = 4  # an axis of so many samples, beside a longer one, is taken for channels


def array(
    *,
    name: Label | None,
    path: File,
    channels_last: bool | None,
    span: list[float] | None,
    alignment: Alignment,
) -> Grid:
    """A `.npy` file of 1 to 3 grid axes, and perhaps one more of channels.

    `channels_last`: the last axis holds the channels, or there are none; null: the shape decides, and what is assumed is
    said: a last or first axis of at most 4 samples beside a longer one holds channels. `span` are the values that become 0
    and 1, by default the array's own minimum and maximum. PSNR is then relative to that span.

    Raises:
        InputError: a file that is missing or no numeric array, NaN or infinite values, too many axes.
    """
    file = find_file(path, "signal.path", ".npy file")
    stored = load(file)
    channels = channel_axis(stored.shape, file) if channels_last is None else -1 if channels_last else None
    axes = stored.ndim - (channels is not None)
    if not 1 <= axes <= 3:
        hint = "; signal.channels_last=true takes the last axis as channels" if stored.ndim == 4 else ""
        raise InputError(f"signal.path: {file} has {stored.ndim} axes; a signal has 1 to 3{hint}")
    low, high = span_of(stored, span, file)
    canonical = torch.from_numpy(((stored.astype(np.float64) - low) / (high - low)).astype(np.float32))
    return Grid(
        name or file.stem,
        canonical[..., None] if channels is None else canonical.movedim(channels, -1).contiguous(),
        alignment,
        span=(low, high),
        medium=Layout(channels),
    )


def channel_axis(shape: tuple[int, ...], file: Path) -> int | None:
    """The axis that holds channels, by the shape; notes what is assumed where the shape leaves a choice."""
    small = [size <= MOST_CHANNELS for size in shape]
    if len(shape) < 2 or not (small[0] or small[-1]):
        return None
    by_shape = -1 if small[-1] else 0
    axis = None if all(small) and len(shape) < 4 else by_shape
    size, where = " x ".join(map(str, shape)), "last" if axis == -1 else "first"
    one = "axis" if len(shape) == 2 else "axes"
    taken = (
        f"{len(shape)} axes without channels"
        if axis is None
        else f"{len(shape) - 1} {one}, and the {where} as channels"
    )
    key = "true takes the last axis as channels" if axis is None else "false takes it as an axis like the others"
    say_once(f"signal.path: {file} is {size}: taken as {taken}; signal.channels_last={key}")
    return axis


def span_of(stored: np.ndarray, span: list[float] | None, file: Path) -> tuple[float, float]:
    """The values that become 0 and 1; notes what whole numbers are relative to.

    Raises:
        InputError: no range, or values outside of it.
        ValueError: other than two numbers.
    """
    if span is not None and len(span) != 2:
        raise ValueError(f"span must be [LOW, HIGH], not {span}")
    least, most = float(stored.min()), float(stored.max())
    low, high = span or (least, most)
    if not low < high:
        raise InputError(f"signal.span: {low:g} to {high:g} is no range; set signal.span=[low,high]")
    if least < low or most > high:
        raise InputError(f"signal.span: {file} has values outside [{low:g}, {high:g}]")
    if span is None and stored.dtype.kind in "iu" and stored.dtype.itemsize <= 2:
        whole = np.iinfo(stored.dtype)
        if (least, most) != (whole.min, whole.max):
            say_once(
                f"signal.path: {file} is of {stored.dtype}, {least:g} to {most:g}: these become 0 and 1, and PSNR is relative"
                f" to them; signal.span=[{whole.min},{whole.max}] takes the range of its type"
            )
    return float(low), float(high)


def load(file: Path) -> np.ndarray:
    """The array in a file, of finite numbers."""
    try:
        values = np.load(file, allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        how = remedy(file, "array")
        why = f" ({error})" if file.suffix == ".npy" else ""  # of other files NumPy says that they may be pickles
        raise InputError(f"signal.path: {file} is no NumPy array{how or why}") from error
    if not isinstance(values, np.ndarray) or values.dtype.kind not in "biuf" or values.size == 0:
        how = remedy(file, "array")
        raise InputError(f"signal.path: {file} should hold one array of real numbers{how}")
    if not np.isfinite(values).all():
        raise InputError(f"signal.path: {file} has NaN or infinite values")
    return values
