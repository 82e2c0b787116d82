"""Bandwidths of networks that learn their features, of which kernels think too well: found by short fits of a small network, all at once."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from jaxtyping import Bool, Float
from omegaconf import OmegaConf
from torch import Tensor

from fieldlab.config.open import put
from fieldlab.errors import InputError
from fieldlab.field import Ensemble, build_field, draw
from fieldlab.signals.grid import Grid

WIDTH = "network.width"
NARROW = 64  # at most so many units of a layer
STEPS = 200
BATCH = 1024  # training samples a step, the same ones for all
ASKED = 4096  # validation samples
RATE = 1e-3  # of Adam, with a cosine schedule
CLEAR = 1.5  # dB, by which another value is better than the published one


def find_by_fits(
    field: Mapping[str, Any],
    key: str,
    signal: Grid,
    known: Bool[Tensor, "n"],
    unknown: Bool[Tensor, "n"],
    values: Sequence[float],
    published: float,
) -> float:
    """The value of this key with which a narrow field comes closest to the samples that are not known; the published one unless that is clearly worse.

    Raises:
        InputError: samples that are too few.
    """
    generator = torch.Generator().manual_seed(0)
    seen, asked = known.nonzero()[:, 0], unknown.nonzero()[:, 0]
    if not len(seen) or not len(asked):
        raise InputError(f"field.{key}: auto needs samples beside those that train; there are too few; give a number")
    asked = asked[torch.randperm(len(asked), generator=generator)[:ASKED]]
    x, y = signal.coordinates(), signal.values.flatten(0, -2)
    ensemble = Ensemble([make_narrow(field, key, value, signal) for value in values])
    train(ensemble, x[seen], y[seen], generator)
    with torch.no_grad():
        predicted = ensemble(x[asked].expand(len(values), -1, -1)).clamp(0, 1)
    errors = (predicted - y[asked]).square().mean((1, 2)).nan_to_num(math.inf).tolist()
    error = dict(zip(values, errors, strict=True))
    best = min(values, key=lambda value: error[value])
    clear = error[best] * 10 ** (CLEAR / 10) < error.get(published, math.inf)
    return best if clear else published


def make_narrow(field: Mapping[str, Any], key: str, value: float, signal: Grid) -> Any:
    """The field with this value, drawn, with layers that are at most narrow."""
    settings = put(field, {key: value})
    width = OmegaConf.select(OmegaConf.create(settings), WIDTH)
    if isinstance(width, int):
        settings = put(settings, {WIDTH: min(width, NARROW)})
    return draw(lambda: build_field(settings, dim=signal.dim, channels=signal.channels), seed=0)


def train(ensemble: Ensemble, x: Float[Tensor, "n dim"], y: Float[Tensor, "n c"], generator: torch.Generator) -> None:
    """Fit all members to batches that they share; each descends by its own gradient."""
    optimizer = torch.optim.Adam(ensemble.parameters(), lr=RATE, fused=True)
    rate = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS)
    for _ in range(STEPS):
        batch = torch.randint(len(x), (min(BATCH, len(x)),), generator=generator)
        optimizer.zero_grad(set_to_none=True)
        predicted = ensemble(x[batch].expand(ensemble.members, -1, -1))
        (predicted - y[batch]).square().mean((1, 2)).sum().backward()
        optimizer.step()
        rate.step()
