"""What regression with a field's kernel makes of a signal's training samples, and how gradient descent would come there."""

import functools
import json
import math
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from fieldlab import metrics
from fieldlab.kernels.feature_map import FeatureMap
from fieldlab.kernels.regression import Regression, regress
from fieldlab.runs.scoring import Scores
from fieldlab.signals.grid import Grid
from fieldlab.signals.interpolation import interpolate
from fieldlab.signals.splits import Split
from fieldlab.tasks.fit.pictures import save_reconstruction
from fieldlab.tasks.kernel.learning import Learning, follow
from fieldlab.tasks.kernel.pictures import draw


@dataclass(frozen=True)
class Prediction:
    """A regression for a signal, its values at all samples, and the learning of its training samples, where these are on a lattice."""

    signal: Grid
    split: Split
    regression: Regression
    values: Float[Tensor, "n c"]
    learning: Learning | None

    @functools.cached_property
    def scores(self) -> Scores:
        """PSNR over each part of the split, the effective dimension, and steps until octaves are learned."""
        learning = self.learning
        ends = (
            {}
            if learning is None
            else {"coarse_steps": learning.steps_until(0), "fine_steps": learning.steps_until(-1)}
        )
        return {**self.score(self.values), "effective_dimension": self.regression.dimension, **ends}

    def score(self, values: Float[Tensor, "n c"]) -> metrics.Scores:
        """PSNR of values over each part of the split, and over all samples."""
        parts = {part: getattr(self.split, part)[None] for part in ("train", "validation", "test")}
        parts["full"] = torch.ones_like(self.split.train)[None]
        target = self.signal.values.flatten(0, -2)[None].double()
        [scores] = metrics.scores(values[None].double(), target, parts, None, {})
        return scores

    @property
    def bicubic(self) -> metrics.Scores | None:
        """The scores of cubic interpolation from the same training samples; None where there is no such method."""
        cubic = interpolate(self.signal, self.split)
        return None if cubic is None else self.score(cubic.flatten(0, -2))

    def save(self, folder: Path) -> None:
        """Write pictures of the prediction and of its kernel, and kernel.json, the numbers of the latter."""
        save_reconstruction(folder, self.signal, self.values.float().unflatten(0, self.signal.grid))
        profile = measure_profile(self.regression.kernel, self.signal)
        draw(folder / "kernel.png", profile, self.learning)
        told = {
            "solved": self.regression.how,
            "profile": {key: list(map(float, along)) for key, along in profile.items()},
        }
        if self.learning is not None:
            told |= {
                "eigenvalues": self.learning.spectrum.tolist(),
                "octaves": self.learning.edges,
                "steps_until_half": [self.learning.steps_until(i) for i in range(len(self.learning.edges))],
            }
        (folder / "kernel.json").write_text(json.dumps(told, indent=1, allow_nan=False) + "\n")


def predict(
    signal: Grid,
    split: Split,
    kernel: FeatureMap,
    *,
    ridge: float,
    most_exact: int,
    tolerance: float,
    directions: int,
) -> Prediction:
    """Regress on the training samples, and read the result at all samples."""
    x, y = signal.coordinates().double(), signal.values.flatten(0, -2).double()
    known, wanted = x[split.train], y[split.train]
    regression = regress(kernel, known, wanted, ridge=ridge, most_exact=most_exact, tolerance=tolerance)
    luminance = wanted.mean(1) - wanted.mean()
    learning = None
    if split.lattice is not None and luminance.any():
        shape = tuple(math.ceil(size / stride) for size, stride in zip(signal.grid, split.lattice, strict=True))
        learning = follow(regression.product, luminance, shape, directions=directions)
    return Prediction(signal, split, regression, regression.predict(x), learning)


def measure_profile(kernel: FeatureMap, signal: Grid) -> dict[str, Float[Tensor, "n"]]:
    """k(middle, x) along the last axis, through the middle of the cube, relative to its largest value there, by distance in samples."""
    size, spacing = signal.grid[-1], signal.spacing[-1]
    reach = min(size // 2, 64)
    offsets = torch.linspace(-reach, reach, 8 * reach + 1, dtype=torch.float64)
    x = torch.full((len(offsets), signal.dim), 0.5, dtype=torch.float64)
    x[:, -1] += offsets * spacing
    middle = torch.full((1, signal.dim), 0.5, dtype=torch.float64)
    along = kernel.push(x, kernel.pull(middle, torch.ones(1, dtype=torch.float64)))
    return {"samples": offsets, "kernel": along / along.abs().max().clamp_min(torch.finfo(along.dtype).tiny)}
