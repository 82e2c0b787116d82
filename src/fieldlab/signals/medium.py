"""Media: the kinds of files that a reconstruction is written to, like the signal's own."""

import wave
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float
from PIL import Image
from scipy.io import wavfile

LEAST_MS = 20  # browsers show what is shorter for 100 ms


@dataclass(frozen=True)
class Medium(ABC):
    """A kind of file for values; `duration` is the length of the first axis in seconds, None where it is no time."""

    @property
    @abstractmethod
    def suffix(self) -> str:
        """The suffix of the files."""

    @property
    @abstractmethod
    def duration(self) -> float | None: ...

    @abstractmethod
    def save(self, file: Path, values: Float[np.ndarray, "*grid c"]) -> None:
        """Write values in their original units."""


@dataclass(frozen=True)
class Layout(Medium):
    """A NumPy array with its channels along the axis `channels`; None: it has one and no such axis."""

    channels: int | None

    @property
    def suffix(self) -> str:
        return ".npy"

    @property
    def duration(self) -> None:
        return None

    def save(self, file: Path, values: Float[np.ndarray, "*grid c"]) -> None:
        np.save(file, values[..., 0] if self.channels is None else np.moveaxis(values, -1, self.channels))


@dataclass(frozen=True)
class Waveform(Medium):
    """A WAV file of `samples` at `rate` samples a second, as whole numbers of `bits` or, of 0 bits, as floats; 1 is full scale."""

    samples: int
    rate: int
    bits: int

    @property
    def suffix(self) -> str:
        return ".wav"

    @property
    def duration(self) -> float:
        return self.samples / self.rate

    def save(self, file: Path, values: Float[np.ndarray, "*grid c"]) -> None:
        if not self.bits:
            wavfile.write(file, self.rate, values.astype(np.float32))
            return
        full, width = 2 ** (self.bits - 1), self.bits // 8
        whole = np.round(values.astype(np.float64) * full).clip(-full, full - 1).astype("<i4")
        unsigned = whole + 128 if width == 1 else whole  # bytes of 8 bits have no sign in WAV
        stored = np.ascontiguousarray(unsigned)[..., None].view(np.uint8)[..., :width]
        with wave.open(str(file), "wb") as opened:
            opened.setparams((values.shape[-1], width, self.rate, len(values), "NONE", "not compressed"))
            opened.writeframes(stored.tobytes())


@dataclass(frozen=True)
class Animation(Medium):
    """A GIF that repeats, with the milliseconds that each frame is shown; each has the 256 colours that suit it best."""

    milliseconds: Sequence[float]

    @property
    def suffix(self) -> str:
        return ".gif"

    @property
    def duration(self) -> float:
        return sum(self.milliseconds) / 1000

    def save(self, file: Path, values: Float[np.ndarray, "*grid c"]) -> None:
        frames = np.round(values.clip(0, 1) * 255).astype(np.uint8)
        first, *rest = map(to_palette, frames)
        times = [max(LEAST_MS, round(ms / 10) * 10) for ms in self.milliseconds]  # GIF counts hundredths of a second
        first.save(file, save_all=True, append_images=rest, duration=times, loop=0, optimize=False)


def to_palette(frame: np.ndarray) -> Image.Image:
    """A frame [h, w, c] in 256 colours; of other than three channels the first, in grey."""
    if frame.shape[-1] != 3:
        return Image.fromarray(np.ascontiguousarray(frame[..., 0]))
    return Image.fromarray(frame).quantize(256, dither=Image.Dither.NONE)
