"""InverseModule: make fields explain measurements of signals."""

import copy
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from PIL import Image
from torch import Tensor

from fieldlab import metrics
from fieldlab.field import Ensemble
from fieldlab.metrics import Scores
from fieldlab.operators import Function, value
from fieldlab.signals.pictures import picture
from fieldlab.signals.regions import SPACE
from fieldlab.signals.signal import Signal
from fieldlab.signals.splits import Split
from fieldlab.tasks.fit.pictures import error_map, save_reconstruction
from fieldlab.tasks.inverse.measured import Measured
from fieldlab.tasks.inverse.observations.observation import Observation
from fieldlab.tasks.inverse.patience import Patience
from fieldlab.tasks.inverse.scored import PARTS, choose_all, choose_some
from fieldlab.training.constraints import Constraint, Points, check_constraints
from fieldlab.training.field_module import SCORED_SHARE, FieldModule
from fieldlab.training.module import State
from fieldlab.training.optimisation import Descent
from fieldlab.training.samples import Batch, Samples
from fieldlab.training.sampling.sampling import Sampling

MEASUREMENTS = "measurements"  # the region


class InverseModule(FieldModule):
    """Constraints on what would be measured of a field, against measurements of a signal that is not known otherwise.

    The region `measurements` are those that train. There `measured` are they themselves, and `observed` is what the observation makes of the
    field; `space` is anywhere. `batch_size` counts points of the field in a step, of which a measurement takes as many as it reads; where measurements
    read the whole grid a step takes all of them.

    Errors are root mean squares of observed - measured over training, validation and test measurements; PSNR and the like are against
    the truth, which nothing else looks at. With a `patience` a member is what it was when its validation error was lowest, and is done after
    so many scores without a lower one.

    Raises:
        ValueError: signals that are no measurements, constraints on what they do not know, a patience below 1.
    """

    signals: Sequence[Measured]

    def __init__(
        self,
        ensemble: Ensemble,
        signals: Sequence[Signal],
        splits: Sequence[Split],
        seeds: Sequence[int],
        *,
        constraints: Mapping[str, Constraint],
        batch_size: int | None,
        sampling: Sampling,
        scores: int,
        clip_norm: float | None,
        bf16_until: float,
        patience: int | None,
        steps: int,
        descent: Descent,
    ) -> None:
        measured = [signal for signal in signals if isinstance(signal, Measured)]
        if len(measured) < len(signals):
            raise ValueError(f"{signals[0].name} is no measurement")
        observation = measured[0].observation
        number = torch.arange(observation.count).expand(len(signals), -1)
        data = {"measured": torch.stack([signal.values for signal in measured]), "number": number}
        check_constraints(constraints, [MEASUREMENTS, SPACE], ["measured", "observed"], measured[0].dim)
        everything = {MEASUREMENTS: torch.ones(observation.count, dtype=torch.bool)}
        samples = Samples.of_regions(
            signals,
            splits,
            seeds,
            marked=[everything] * len(signals),
            constraints=constraints.values(),
            data=data,
            batch_size=count_measurements(observation, batch_size),
            sampling=sampling,
            steps=steps,
            scores=scores,
        )
        super().__init__(ensemble, measured, samples, constraints, descent, clip_norm, bf16_until)
        self.observation = copy.deepcopy(observation)
        self.register_buffer("x", measured[0].truth.coordinates(), persistent=False)
        self.coupled = self.coupled or observation.cost is None
        self.patience = None if patience is None else Patience(patience)

    @property
    def look_ups(self) -> Mapping[str, Any]:
        return {"observed": self.observe}

    def observe(self, field: Function, points: Points) -> Float[Tensor, "m b w"]:
        """What would be measured of the field, where the points' measurements are."""
        return self.observation.observe(field, self.x, points.data["number"])  # type: ignore[arg-type]

    def must_compile(self) -> bool:
        whole = self.observation.cost is None  # sparse products and transforms would not gain by it
        return not whole and super().must_compile()

    def cut(self, batch: Batch) -> list[Batch]:
        return [batch]  # a measurement reads many points, and batches are small enough

    def count_affordable(self, steps: int) -> int:
        cost = self.observation.cost
        if cost is None:
            return max(1, int(SCORED_SHARE * steps * self.observation.samples))
        return super().count_affordable(steps) * cost

    def to_device(self) -> None:
        truths = [signal.truth.values.flatten(0, -2) for signal in self.signals]
        self.truth = torch.stack(truths).to(self.device)
        self.all = choose_all(self.samples, self.observation)
        self.some = choose_some(self.samples, self.observation, self.scored_on_the_way)

    def measure(self, *, whole: bool) -> tuple[list[Scores], list[bool]]:
        index = self.all if whole else self.some
        errors = {f"{part}_error": self.find_errors(index[part]) for part in PARTS}
        prediction, target = self.predict(index["full"]), self.truth[:, index["full"]]
        finite = prediction.isfinite().flatten(1).all(1).tolist()
        seen = {"full": torch.ones(target.shape[:2], dtype=torch.bool, device=target.device)}
        grid = self.signals[0].truth.grid if whole else None
        against = metrics.scores(prediction, target, seen, grid, {})
        rows = zip(*(error.tolist() for error in errors.values()), strict=True)
        found = [{name: e if math.isfinite(e) else None for name, e in zip(errors, row, strict=True)} for row in rows]
        return [
            {**of_measurements, **of_truth} for of_measurements, of_truth in zip(found, against, strict=True)
        ], finite

    @torch.no_grad()
    def find_errors(self, numbers: Int[Tensor, "k"]) -> Float[Tensor, "m"]:
        """The root mean square of observed - measured; NaN for no measurements."""
        if not len(numbers):
            return torch.full((self.members,), math.nan, device=self.device)
        block = self.find_block()
        parts = [self.find_squares(part) for part in numbers.split(block)]
        return (torch.stack(parts).sum(0) / (len(numbers) * self.observation.width)).sqrt()

    def find_block(self) -> int:
        """As many measurements at once as are computed without much memory."""
        cost = self.observation.cost
        return self.observation.count if cost is None else max(1, 2**16 // (cost * self.members))

    def find_squares(self, numbers: Int[Tensor, "k"]) -> Float[Tensor, "m"]:
        wide = numbers.expand(self.members, -1)
        observed = self.observation.observe(self.ensemble, self.x, wide)  # type: ignore[arg-type]
        return (observed - self.samples.data["measured"][:, numbers]).square().sum((1, 2))

    def predict(self, index: Int[Tensor, "n"]) -> Float[Tensor, "m n c"]:
        """The fields' values at these samples of the grid."""
        x: Tensor = self.x  # type: ignore[assignment]
        return self.evaluate(value, x[index].expand(self.members, -1, -1))

    def keep(self, step: int) -> None:
        """With a patience: end each member whose validation error was lowest long ago, as it was then."""
        if self.patience is None:
            return
        for m, progress in enumerate(self.progress):
            if progress.runs:
                self.patience.see(m, progress.curve[-1]["validation_error"], step, self.by_member())
                if self.patience.is_over(m, step - self.patience.scores * self.samples.scored_every):
                    self.end(m)

    def end(self, m: int) -> None:
        """Make the member what it was at its lowest validation error."""
        progress, (_, step) = self.progress[m], self.patience.lowest[m]  # type: ignore[union-attr]
        self.kept[m], progress.stopped_at = self.patience.best[m], step  # type: ignore[union-attr]
        progress.curve = [point for point in progress.curve if (point["step"] or 0) <= step]

    def score(self, step: int) -> None:
        if self.patience is not None and step == self.samples.steps:
            self.look_back(self.patience, step)
        super().score(step)

    @torch.autocast("cpu", enabled=False)
    def look_back(self, patience: Patience, step: int) -> None:
        """At the last step, end those members that were better before, as they were then."""
        self.note(step, whole=False)
        self.keep(step)
        for m, progress in enumerate(self.progress):
            if progress.runs and patience.is_over(m, step - 1):
                self.end(m)
            elif progress.runs:
                progress.curve.pop()  # scored as a whole in a moment

    def state(self, step: int) -> State:
        return {**super().state(step), "patience": self.patience and self.patience.state()}

    def restore(self, state: State) -> None:
        super().restore(state)
        if self.patience is not None:
            self.patience.lowest, self.patience.best = state["patience"]

    def can_draw(self, steps: int) -> bool:
        return self.count_affordable(steps) >= self.observation.samples

    def reconstruction(self, m: int) -> Float[Tensor, "*grid c"]:
        """The values of member m, on the CPU."""
        return self.predict(self.all["full"])[m].float().cpu().unflatten(0, self.signals[m].truth.grid)

    def render(self, m: int) -> Mapping[str, np.ndarray]:
        values = self.reconstruction(m)
        return {
            "reconstruction": picture(values.clamp(0, 1).numpy()),
            "error": error_map(values, self.signals[m].truth.values),
        }

    def outcome(self, m: int) -> dict[str, Any]:
        self.classical = self.signals[m].observation.yardsticks(self.signals[m].values)
        return {"scores": self.latest(m), "yardsticks": {n: self.compare(v, m) for n, v in self.classical.items()}}

    def compare(self, values: Float[Tensor, "*grid c"], m: int) -> Scores:
        """The scores of these values against the truth of member m."""
        truth = self.signals[m].truth
        target = truth.values.flatten(0, -2)[None]
        everywhere = {"full": torch.ones(target.shape[:2], dtype=torch.bool)}
        [scores] = metrics.scores(values.flatten(0, -2)[None], target, everywhere, truth.grid, {})
        return scores

    def facts(self, m: int) -> dict[str, Any]:
        truth = self.signals[m].truth
        return {**super().facts(m), "grid": list(truth.grid), "span": list(truth.span) if truth.span else None}

    def save_pictures(self, m: int, folder: Path) -> None:
        measured = self.signals[m]
        save_reconstruction(folder, measured.truth, self.reconstruction(m))
        if (shown := measured.observation.draw(measured.values)) is not None:
            Image.fromarray(picture(shown.clamp(0, 1).numpy())).save(folder / "measured.png")
        for name, values in self.classical.items():
            file = folder / f"yardstick-{name.replace(' ', '-')}.png"
            Image.fromarray(picture(values.clamp(0, 1).numpy())).save(file)


def count_measurements(observation: Observation, points: int | None) -> int | None:
    """How many measurements a step takes that evaluates so many points of a field; None for all of them."""
    if points is None or observation.cost is None:
        return None
    return min(observation.count, max(1, points // observation.cost))
