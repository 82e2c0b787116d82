"""Bandwidths that are left to the program: those with which a field's kernel, or a short fit, predicts validation samples best."""

import functools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from fieldlab.config.cache import keep
from fieldlab.config.fingerprint import drop_name
from fieldlab.config.open import find_open, put
from fieldlab.config.schema import AUTO
from fieldlab.errors import InputError
from fieldlab.kernels.feature_map import draw_frozen
from fieldlab.kernels.regression import decompose
from fieldlab.kernels.tangent import Tangent
from fieldlab.notices import say_once
from fieldlab.runs.task import Config
from fieldlab.signals.build import build_signal, build_split
from fieldlab.signals.grid import Grid
from fieldlab.signals.splits import Split
from fieldlab.tasks.field_budget import fill_sizes, resize
from fieldlab.tasks.field_trials import find_by_fits

WINDOWS = 8  # of the grid, in which the kernel is asked
TRAINING, VALIDATION = 200, 100  # samples in each
RIDGE = 1e-5  # of the mean of k(x, x)
MARGIN = (
    10**0.2
)  # times the least error, 2 dB: fits learn features, and are best with a lower bandwidth than their kernel
SHARE = 0.26  # of the gain over the samples' mean in dB, where that is less: what nothing predicts well takes a high bandwidth to be fitted
PATIENCE = 3  # values in a row that are worse than the best one, after which no more are tried
USEFUL = 0.9  # of the error of the samples' mean: what a field comes below that sees something of the signal
UNREAD = {
    "name": "",
    "learning_rate": 1.0,
}  # every field has them, no kernel reads them: runs that differ here share an answer
HELD_OUT = 8  # one in so many training samples, where nothing validates


def decide_field(config: Config, *, dim: int, channels: int) -> Config:
    """The configuration with what its field leaves open as numbers: bandwidths, then sizes.

    Raises:
        InputError: a bandwidth that cannot be found, a budget that is none.
    """
    return resize(choose(config), dim=dim, channels=channels)


def choose(config: Config) -> Config:
    """The configuration with a number where its field says `auto`; others as they are.

    Raises:
        InputError: several of them, one that cannot be left open, values that are not known.
    """
    field = config["field"]
    key, *others = [*find_open(field)] or [None]
    if key is None:
        return config
    if others:
        raise InputError(f"field.{others[0]}: field.{key} is {AUTO} too; give one of them a number")
    supervise = config.get("supervise", {}).get("name", "value")
    if supervise != "value":
        raise InputError(
            f"field.{key}: {AUTO} is judged by values, which supervise={supervise} does not know; give a number"
        )
    if config.get("start") is not None:
        raise InputError(
            f"field.{key}: {AUTO} would be another number than that of the field in start={config['start']}; give that one"
        )
    value = find_best(
        {"field": {**drop_name(field), **UNREAD}, "signal": config["signal"], "split": config["split"]}, key
    )
    say_once(
        f"field.{key}: {AUTO} is {value:g} for {field['name']} and {config['signal'].get('name') or 'this signal'}"
    )
    return {**config, "field": put(field, {key: value})}


@keep(256)
def find_best(settings: Mapping[str, Any], key: str) -> float:
    """The value of this key with which regression in windows of the signal predicts best, or short fits do.

    Raises:
        InputError: samples that are on no grid, a field whose kernel takes minutes, or is singular with every value.
    """
    signal = build_signal(settings["signal"])
    if not isinstance(signal, Grid):
        raise InputError(
            f"field.{key}: {AUTO} is found from samples on a grid, and {signal.name} has none; give a number"
        )
    field, split = fill_sizes(settings["field"]), build_split(settings["split"], signal.grid)
    ladder = find_open(field)[key]
    if ladder.published is not None:
        known, unknown = hold_out(split, torch.Generator().manual_seed(0))
        return find_by_fits(field, key, signal, known, unknown, ladder.rungs(max(signal.grid)), ladder.published)
    windows = list(cut_windows(signal, split))
    if not windows:
        raise InputError(
            f"field.{key}: {AUTO} needs samples beside those that train; there are too few; give a number"
        )

    @functools.cache
    def error(value: float) -> float:
        return measure_error(put(field, {key: value}), signal, windows)

    of_mean = sum(window.variance for window in windows) / len(windows)
    if of_mean == 0:
        raise InputError(f"field.{key}: {AUTO} sees nothing in {signal.name}, whose windows are flat; give a number")
    tried: list[float] = []
    for value in ladder.rungs(max(signal.grid)):
        tried.append(value)
        best = min(tried, key=error)
        if len(tried) - tried.index(best) > PATIENCE and error(best) < USEFUL * of_mean:
            break
    least = min(map(error, tried))
    if least == math.inf:
        raise InputError(f"field.{key}: {AUTO} finds no value with which the field has a sound kernel; give a number")
    margin = min(MARGIN, max(1.0, of_mean / least) ** SHARE) if least > 0 else 1.0
    return min(value for value in tried if error(value) <= margin * least)


@dataclass(frozen=True)
class Window:
    """Training samples of a part of a signal, and others to be predicted from them."""

    x: Float[Tensor, "n dim"]
    y: Float[Tensor, "n c"]
    x_unseen: Float[Tensor, "m dim"]
    y_unseen: Float[Tensor, "m c"]

    @property
    def variance(self) -> float:
        """The mean squared error of the training samples' mean."""
        return (self.y_unseen - self.y.mean(0)).square().mean().item()


def cut_windows(signal: Grid, split: Split) -> Iterator[Window]:
    """Windows of neighbouring samples, as many as can be solved for quickly, at places drawn with one seed.

    Training samples are as dense there as anywhere, on which the best bandwidth depends. Where nothing validates, some of them are
    predicted from the others.
    """
    generator = torch.Generator().manual_seed(0)
    seen, unseen = hold_out(split, generator)
    side = (TRAINING / seen.double().mean().item()) ** (1 / signal.dim)
    shape = [min(size, round(side)) for size in signal.grid]
    x, y = signal.coordinates().double(), signal.values.flatten(0, -2).double()
    for _ in range(WINDOWS):
        inside = torch.zeros(signal.grid, dtype=torch.bool)
        places = zip(signal.grid, shape, strict=True)
        starts = [int(torch.randint(size - n + 1, (1,), generator=generator)) for size, n in places]
        inside[tuple(slice(start, start + n) for start, n in zip(starts, shape, strict=True))] = True
        known, asked = inside.flatten() & seen, (inside.flatten() & unseen).nonzero()[:, 0]
        asked = asked[torch.randperm(len(asked), generator=generator)[:VALIDATION]]
        if known.any() and len(asked):
            yield Window(x[known], y[known], x[asked], y[asked])


def hold_out(split: Split, generator: torch.Generator) -> tuple[Bool[Tensor, "n"], Bool[Tensor, "n"]]:
    """The samples that are known, and those that are predicted from them: training and validation samples, or, where none validate, a
    part of the training samples each."""
    seen, unseen = split.train, split.validation
    if unseen.any():
        return seen, unseen
    out = torch.rand(len(seen), generator=generator) < 1 / HELD_OUT
    return seen & ~out, seen & out


def measure_error(settings: Mapping[str, Any], signal: Grid, windows: Sequence[Window]) -> float:
    """The mean squared error of regression with the tangent kernel of a field; infinite where that is singular.

    Raises:
        InputError: a field whose kernel takes minutes.
    """
    kernel = Tangent(draw_frozen(settings, dim=signal.dim, channels=signal.channels, seed=0))
    if not kernel.agrees(windows[0].x):
        raise InputError(
            f"field: {AUTO} asks the kernel of a network whose parameters are those of linear layers, and this one has others; give a number"
        )
    errors = []  # one Gram matrix for both kinds of samples: `regress` would go through the network for each channel again
    for window in windows:
        known = len(window.x)
        k = kernel.gram(torch.cat([window.x, window.x_unseen]))
        within, across = k[:known, :known], k[known:, :known]
        try:
            factor = decompose(within, RIDGE * within.diagonal().mean())
        except InputError:
            return math.inf
        mean = window.y.mean(0)
        predicted = mean + across @ torch.cholesky_solve(window.y - mean, factor)
        errors.append((predicted.clamp(0, 1) - window.y_unseen).square().mean().item())
    return sum(errors) / len(errors)
