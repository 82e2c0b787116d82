"""A user's own task that only measures: how much of a signal's power lies above a frequency, seen through a window?"""

from dataclasses import dataclass
from typing import Any, ClassVar

from fieldlab.config.files import File
from fieldlab.config.instantiate import build
from fieldlab.config.names import name_signal
from fieldlab.config.schema import Node
from fieldlab.runs.measured import MeasuredTask
from fieldlab.runs.scoring import Score, Scoring
from fieldlab.runs.task import Exhibit, Member


@dataclass(frozen=True)
class Spectrum(Member):
    """A signal and the window through which it is seen."""

    signal: Any
    window: Any


@dataclass(frozen=True, kw_only=True)
class Leakage(MeasuredTask):
    """The share of a picture's power above `cycles` per pixel."""

    keys: ClassVar = {"signal": Node, "window": Node}
    subject_keys = ("signal.",)
    scoring = Scoring(
        scores={"leak": Score("leak", 5, lower=True)}, always=("leak",), headline="leak", judges={"leak": "the leak"},
        labels={"leak": "leak"}, prefix="", unit="", noun="scores", curves={}, panels=(), logarithmic=False, axis="leak",
        knobs={"leak": "leak"}, against="leak", note="Leak: the share of power above a frequency.", searched="leak",
    )  # fmt: skip
    files = ("spectrum.png",)

    cycles: float

    @classmethod
    def name_subject(cls, config):
        return name_signal(config["signal"])

    @classmethod
    def name_field(cls, config, choices):
        return choices["window"]

    @classmethod
    def exhibit(cls):
        return Exhibit(picture="spectrum.png", below="spectrum.png", captions=("Spectra", "Spectra"))

    def build(self, config):
        from fieldlab.signals.build import build_signal

        return Spectrum(config, build_signal(config["signal"]), build(config["window"], "window"))

    def describe(self, member):
        return {"grid": list(member.signal.grid), "channels": member.signal.channels}

    def power(self, member):
        import torch

        values = member.signal.values.mean(-1)
        return torch.fft.rfft2((values - values.mean()) * member.window(values.shape)).abs().square()

    def measure(self, member):
        import torch

        power = self.power(member)
        rows, columns = torch.fft.fftfreq(member.signal.grid[0]), torch.fft.rfftfreq(member.signal.grid[1])
        high = (rows[:, None].square() + columns.square()).sqrt() > self.cycles
        return {"leak": (power[high].sum() / power.sum()).item()}

    def save(self, member, folder):
        from PIL import Image

        shades = self.power(member).clamp_min(1e-12).log()
        shades = 255 * (shades - shades.min()) / (shades.max() - shades.min())
        Image.fromarray(shades.byte().numpy()).save(folder / "spectrum.png")


class Tapered:
    """A raised cosine to a power; `taps` is a file of weights that it is multiplied with, null for none."""

    def __init__(self, power: float, taps: File | None) -> None:
        self.power, self.taps = power, taps

    def __call__(self, shape):
        import numpy as np
        import torch

        rows, columns = (torch.hann_window(extent, periodic=False) for extent in shape)
        weight = 1.0 if self.taps is None else float(np.loadtxt(self.taps))
        return (rows[:, None] * columns).pow(self.power) * weight
