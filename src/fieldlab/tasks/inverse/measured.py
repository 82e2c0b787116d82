"""Measured: what an inverse problem knows of a signal, noisy measurements of it; and the truth, which scores alone see."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from fieldlab.config.cache import keep
from fieldlab.config.instantiate import build
from fieldlab.errors import InputError
from fieldlab.signals.build import build_signal
from fieldlab.signals.grid import Grid
from fieldlab.signals.signal import Signal
from fieldlab.tasks.inverse.observations.noise import Noise
from fieldlab.tasks.inverse.observations.observation import Observation

KEPT = 32


@dataclass(frozen=True)
class Measured(Signal):
    """Measurements `values` [k, w], taken by an `observation` of the `truth`. Their places stand for coordinates."""

    truth: Grid
    observation: Observation

    @property
    def dim(self) -> int:
        return self.truth.dim

    @property
    def channels(self) -> int:
        """Those of the field, whose values are not measurements."""
        return self.truth.channels

    def coordinates(self) -> Float[Tensor, "n dim"]:
        return self.observation.places(self.truth.coordinates())


def build_measured(config: Mapping[str, Any]) -> Measured:
    """The measurements that a configuration describes: its signal, how it is observed, and the noise.

    Raises:
        InputError: a signal without a grid, an observation that does not suit it, noise that does not suit the measurements.
    """
    return measure({key: config[key] for key in ("signal", "observe", "noise")})


@keep(KEPT)
def measure(settings: Mapping[str, Any]) -> Measured:
    """The same, of the three nodes."""
    truth = build_signal(settings["signal"])
    if not isinstance(truth, Grid):
        raise InputError(f"signal: {truth.name} has no grid; measurements are taken of samples on grids")
    observation = build(settings["observe"], "observe", grid=truth.grid, channels=truth.channels)
    if not isinstance(observation, Observation):
        raise InputError(
            f"observe: {settings['observe']['_target_']} is no fieldlab.tasks.inverse.observations.Observation"
        )
    noise = build(settings["noise"], "noise")
    if not isinstance(noise, Noise):
        raise InputError(
            f"noise: {settings['noise']['_target_']} is no fieldlab.tasks.inverse.observations.noise.Noise"
        )
    with torch.no_grad():
        clean = observation.measure(truth.values.flatten(0, -2)[None])[0]
    try:
        noisy = noise.add(clean)
    except ValueError as error:
        raise InputError(f"noise: {error}") from error
    return Measured(truth.name, noisy, truth, observation)
