"""Sounds as signals: WAV files, of one axis and a channel for each loudspeaker."""

import math
import warnings
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float
from scipy.io import wavfile

from fieldlab.config.files import File, Label
from fieldlab.errors import InputError
from fieldlab.notices import say_once
from fieldlab.signals.grid import Alignment, Grid
from fieldlab.signals.kinds import find_file, remedy
from fieldlab.signals.medium import Waveform

QUIET = 0.25  # of full scale: what a PSNR is relative to is said of sounds that stay below


def sound(
    *,
    name: Label | None,
    path: File,
    seconds: list[float] | None,
    channels: Literal["all", "mono"],
    span: list[float] | None,
    alignment: Alignment,
) -> Grid:
    """A `.wav` file of whole numbers of 8 to 32 bits or of floats, at its own rate.

    `seconds` [FROM, TO] takes that part. `span` are the values that become 0 and 1, as shares of the format's full scale:
    by default [-1, 1], to which PSNR is then relative, so that silence in place of a sound with root mean square r has
    20 log10(2 / r) dB. Floats beyond full scale widen it.

    Raises:
        InputError: a file that is missing or no WAV file, a part that is not in it, values outside the span.
    """
    file = find_file(path, "signal.path", ".wav file")
    rate, bits, values = load(file)
    if channels == "mono":
        values = values.mean(-1, keepdims=True)
    values = part_of(values, rate, seconds, file)
    low, high = span_of(values, span, file)
    canonical = torch.from_numpy(((values - low) / (high - low)).astype(np.float32))
    medium = Waveform(len(values), rate, bits)
    return Grid(name or file.stem, canonical, alignment, span=(low, high), medium=medium)


def load(file: Path) -> tuple[int, int, Float[np.ndarray, "n c"]]:
    """The samples a second, the bits of a sample, 0 for floats, and the samples as shares of full scale."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", wavfile.WavFileWarning)  # of chunks that hold no sound
            rate, stored = wavfile.read(file)
    except (ValueError, EOFError, OSError, KeyError, IndexError) as error:
        how = (
            remedy(file, "sound")
            or f"; ffmpeg -i {file.name} -c:a pcm_s16le {file.stem}_16.wav makes one of most sounds"
        )
        why = f" ({error})" if file.suffix.lower() == ".wav" else ""
        raise InputError(f"signal.path: {file} is no .wav file that SciPy reads{why}{how}") from error
    if stored.size == 0:
        raise InputError(f"signal.path: {file} is empty")
    values = stored.astype(np.float64).reshape(len(stored), -1)
    if stored.dtype.kind == "f":
        if not np.isfinite(values).all():
            raise InputError(f"signal.path: {file} has NaN or infinite values")
        return rate, 0, values
    full = 2.0 ** (8 * stored.dtype.itemsize - 1)
    bits = 24 if stored.dtype == np.int32 and not (stored & 0xFF).any() else min(32, 8 * stored.dtype.itemsize)
    return rate, bits, (values - full if stored.dtype == np.uint8 else values) / full


def part_of(
    values: Float[np.ndarray, "n c"], rate: int, seconds: list[float] | None, file: Path
) -> Float[np.ndarray, "m c"]:
    """The samples from one time to another."""
    if seconds is None:
        return values
    if len(seconds) != 2:
        raise ValueError(f"seconds must be [FROM, TO], not {seconds}")
    first, last = (round(second * rate) for second in seconds)
    if not 0 <= first < last <= len(values):
        raise InputError(f"signal.seconds: {seconds} is not within {file}, 0 to {len(values) / rate:g} s")
    return values[first:last]


def span_of(values: np.ndarray, span: list[float] | None, file: Path) -> tuple[float, float]:
    """The values that become 0 and 1."""
    if span is not None and (len(span) != 2 or not span[0] < span[1]):
        raise ValueError(f"span must be [LOW, HIGH], not {span}")
    peak = float(np.abs(values).max())
    if span is None and peak > 1:
        say_once(
            f"signal.path: {file} reaches {peak:.3g} times full scale, which becomes its span and what PSNR is relative to"
        )
    low, high = span or (-max(1.0, peak), max(1.0, peak))
    if values.min() < low or values.max() > high:
        raise InputError(
            f"signal.span: {file} has values outside [{low:g}, {high:g}] of full scale; its peak is {peak:.6g}"
        )
    if span is None and 0 < peak < QUIET:
        level = 20 * math.log10(2 / math.sqrt((values**2).mean()))
        digits = 3 - math.floor(math.log10(peak))
        bound = math.ceil(peak * 10**digits) / 10**digits  # to four digits, and not below the peak
        say_once(
            f"signal.path: {file} stays within {bound:g} of full scale, to which PSNR is relative: silence would score"
            f" {level:.1f} dB; signal.span=[-{bound:g},{bound:g}] makes it relative to its own peak"
        )
    return float(low), float(high)
