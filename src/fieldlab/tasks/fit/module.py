"""FitModule: make fields take the values, or the derivatives, of signals on grids."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from fieldlab import metrics
from fieldlab.field import Ensemble
from fieldlab.metrics import Free, Scores
from fieldlab.operators import OPERATORS, value
from fieldlab.signals import poisson, regions
from fieldlab.signals.grid import Grid
from fieldlab.signals.interpolation import interpolate
from fieldlab.signals.pictures import picture
from fieldlab.signals.signal import Signal
from fieldlab.signals.splits import Split
from fieldlab.signals.stencils import Stencil
from fieldlab.tasks.fit.knowledge import find_names, knowledge, measure_slopes
from fieldlab.tasks.fit.octaves import draw_octaves, make_octaves
from fieldlab.tasks.fit.pictures import error_map, save_reconstruction
from fieldlab.tasks.fit.scored import Scored, score_all, score_part, score_some
from fieldlab.tasks.fit.scoring import BICUBIC, FIT, POISSON
from fieldlab.training.constraints import Constraint
from fieldlab.training.field_module import FieldModule
from fieldlab.training.optimisation import Descent
from fieldlab.training.samples import Samples
from fieldlab.training.sampling.sampling import Sampling

DERIVATIVES = {"gradient": "target_gradient", "laplacian": "target_laplacian"}  # that are scored: operator and target


class FitModule(FieldModule):
    """Constraints on values and derivatives of signals on grids, scored by PSNR over all samples.

    `scores` is the number of points on the curve: PSNR over a fixed sample (`fieldlab.tasks.fit.scored`), at its end over all
    samples. What the constraints leave `free` is fitted before scoring; with
    `derivatives` gradient and Laplacian are scored too, against those that the `stencil` takes of the signal. A field is done
    as soon as its PSNR is `stop_at`: over validation samples, or over training samples where none are held out.

    Raises:
        ValueError: signals without a grid, constraints on what they do not know.
    """

    signals: Sequence[Grid]

    def __init__(
        self,
        ensemble: Ensemble,
        signals: Sequence[Signal],
        splits: Sequence[Split],
        seeds: Sequence[int],
        *,
        constraints: Mapping[str, Constraint],
        free: Free,
        derivatives: bool,
        stencil: Stencil,
        batch_size: int | None,
        sampling: Sampling,
        scores: int,
        clip_norm: float | None,
        bf16_until: float,
        stop_at: float | None,
        steps: int,
        descent: Descent,
    ) -> None:
        grids = [signal for signal in signals if isinstance(signal, Grid)]
        if len(grids) < len(signals):
            raise ValueError(f"{signals[0].name} has no grid; add task=surface, which takes clouds of points")
        names = find_names(constraints, grids[0], splits[0])
        scored = DERIVATIVES if derivatives else {}
        facts = knowledge({*names, *scored.values()}, grids, stencil)
        samples = Samples.of_regions(
            signals,
            splits,
            seeds,
            marked=[regions.of_grid(grid) for grid in grids],
            constraints=constraints.values(),
            data={name: facts[name] for name in names},
            batch_size=batch_size,
            sampling=sampling,
            steps=steps,
            scores=scores,
        )
        steep = all(split.lattice is not None for split in splits)
        super().__init__(
            ensemble, grids, samples, constraints, descent, clip_norm, bf16_until, self.find_slopes if steep else None
        )
        self.splits = splits
        self.stencil: Stencil = stencil
        self.free: Free = free
        self.stop_at = stop_at
        self.derivatives = {operator: facts[target] for operator, target in scored.items()}

    def find_slopes(self, region: str) -> Float[Tensor, "m k"]:
        """|grad y| over axes and channels at every sample of a region, from training samples alone."""
        pairs = zip(self.signals, self.splits, strict=True)
        slopes = torch.stack([measure_slopes(signal, split, self.stencil) for signal, split in pairs])
        return slopes.to(self.device).gather(1, self.samples.regions[region])

    def to_device(self) -> None:
        aligned = self.free == "gain_and_offset"  # octaves of values whose gain is free mean nothing
        self.octaves = None if aligned else make_octaves(self.signals, self.scored_on_the_way)
        seen = 0
        if self.octaves is not None:
            self.octaves.to(self.device)
            seen = self.octaves.points
        self.all, self.some = score_all(self.samples), score_some(self.samples, self.scored_on_the_way - seen)
        self.derivatives = {operator: target.to(self.device) for operator, target in self.derivatives.items()}

    def measure(self, *, whole: bool) -> tuple[list[Scores], list[bool]]:
        self.scored = self.all if whole else self.some
        self.prediction = self.predict(self.scored)
        finite = self.prediction.isfinite().flatten(1).all(1).tolist()
        derivatives = self.derivatives.items() if whole else []
        pairs = {name: (self.evaluate(OPERATORS[name], self.scored.x), target) for name, target in derivatives}
        scores = self.scores(self.prediction, self.scored, pairs)
        if self.octaves is not None:
            left = self.octaves.measure(self.evaluate(value, self.octaves.x))
            scores = [{**of_member, **of_octaves} for of_member, of_octaves in zip(scores, left, strict=True)]
        return scores, finite

    def find_reached(self) -> list[bool]:
        """Those whose PSNR is `stop_at`: by the sample, and then by all of what it is a sample of."""
        if self.stop_at is None:
            return [False] * self.members
        part = "validation" if self.samples.masks["validation"].any() else "train"
        seen = [self.reaches(progress.curve[-1], part) if progress.runs else False for progress in self.progress]
        if not any(seen):
            return seen
        aligned = self.free != "nothing"  # to all samples
        scored = self.all if aligned else score_part(self.samples, part)
        exact = self.scores(self.predict(scored), scored)
        return [hit and self.reaches(scores, part) for hit, scores in zip(seen, exact, strict=True)]

    def reaches(self, scores: Mapping[str, float | None], part: str) -> bool:
        """Whether the PSNR over a part of the split is what is wanted."""
        psnr = scores[f"{part}_psnr"]
        return self.stop_at is not None and psnr is not None and psnr >= self.stop_at

    def predict(self, scored: Scored) -> Float[Tensor, "m n c"]:
        """The fields' values at samples, with what the constraints leave free fitted to the signal's."""
        return metrics.align(self.evaluate(value, scored.x), scored.y, self.free, scored.weights["full"])

    def scores(
        self,
        prediction: Float[Tensor, "m n c"],
        scored: Scored,
        derivatives: Mapping[str, tuple[Tensor, Tensor]] | None = None,
    ) -> list[Scores]:
        """PSNR in dB over training, validation, test and all samples, SSIM over all; None where undefined."""
        grid = self.signals[0].grid if scored.whole else None
        return metrics.scores(prediction, scored.y, scored.weights, grid, derivatives or {})

    def reconstruction(self, m: int) -> Float[Tensor, "*grid c"]:
        """The values of member m, on the CPU."""
        if self.scored.x is not self.all.x:
            self.prediction, self.scored = self.predict(self.all), self.all
        return self.prediction[m].float().cpu().unflatten(0, self.signals[m].grid)

    def can_draw(self, steps: int) -> bool:
        return self.count_affordable(steps) >= self.all.x.shape[1]

    def render(self, m: int) -> Mapping[str, np.ndarray]:
        values = self.reconstruction(m)
        error = error_map(values, self.signals[m].values)
        octaves = self.draw_octaves(m)
        pictures = {"reconstruction": picture(values.clamp(0, 1).numpy()), "error": error}
        return pictures if octaves is None else {**pictures, "octaves": octaves}

    def draw_octaves(self, m: int) -> np.ndarray | None:
        """A heat map of what was left of each octave on the way; None where none was seen."""
        return None if self.octaves is None else draw_octaves(self.progress[m].curve, self.octaves.edges)

    def outcome(self, m: int) -> dict[str, Any]:
        yardsticks = {BICUBIC: self.bicubic(m), POISSON: self.classical(m)}
        known = {name: scores for name, scores in yardsticks.items() if scores is not None}
        scores = {name: score for name, score in self.latest(m).items() if name in FIT.scores}
        return {"scores": scores, "yardsticks": known}

    def bicubic(self, m: int) -> Scores | None:
        """The scores of cubic interpolation from the same training samples, None where there is no such method."""
        cubic = interpolate(self.signals[m], self.splits[m])
        return None if cubic is None else self.scores_of(cubic, m)

    def classical(self, m: int) -> Scores | None:
        """The scores of the least-squares solution of the gradients that were trained on; None where there were none, and
        where that solution is the signal itself."""
        signal, gradients = self.signals[m], self.samples.data.get("target_gradient")
        if gradients is None or signal.gradients is not None:
            return None
        return self.scores_of(poisson.solve(gradients[m].cpu().unflatten(0, signal.grid), signal.spacing), m)

    def scores_of(self, values: Float[Tensor, "*grid c"], m: int) -> Scores:
        """The scores of these values for member m; what its constraints leave free is fitted likewise."""
        y, weights = self.all.y[m : m + 1], {part: w[m : m + 1] for part, w in self.all.weights.items()}
        prediction = metrics.align(values.flatten(0, -2).to(y.device)[None], y, self.free, weights["full"])
        [scores] = metrics.scores(prediction, y, weights, self.signals[m].grid, {})
        return scores

    def save_pictures(self, m: int, folder: Path) -> None:
        save_reconstruction(folder, self.signals[m], self.reconstruction(m))
        if (octaves := self.draw_octaves(m)) is not None:
            Image.fromarray(octaves).save(folder / "octaves.png")
