"""ScoredModule: members that are trained together, what is noted of each on the way, and what becomes of it."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning import LightningModule
from torch import Tensor, nn

from fieldlab.metrics import Scores
from fieldlab.training.batches import Batches
from fieldlab.training.clock import Clock


@dataclass
class Progress:
    """The curve of one member so far, and the step at which it diverged, or was good enough."""

    curve: list[dict[str, float | None]] = field(default_factory=list)
    diverged_at: int | None = None
    stopped_at: int | None = None

    @property
    def runs(self) -> bool:
        """Whether further steps are the member's own."""
        return self.diverged_at is None and self.stopped_at is None


class ScoredModule(LightningModule, ABC):
    """What several members learn together, and the curve of each.

    What learns is one `ensemble`, whose parameters have the members along their first axis, in equal parts. On several devices
    each computes its share of what is scored.
    """

    def __init__(self, ensemble: nn.Module, members: int, samples: Batches) -> None:
        super().__init__()
        self.ensemble = ensemble
        self.members = members
        self.samples = samples
        self.progress = [Progress() for _ in range(members)]
        self.clock = Clock()
        self.timed = False  # a trial that only tells how long it takes, and is not scored
        self.kept: dict[int, dict[str, Tensor]] = {}  # by member: what it was when it was good enough

    @abstractmethod
    def to_device(self) -> None:
        """Move what is scored to the device that computes."""

    @abstractmethod
    def measure(self, *, whole: bool) -> tuple[list[Scores], list[bool]]:
        """The current scores of every member, and whether all that they are computed from is finite.

        Not `whole`: scores on the way, which may be fewer, and of a fixed part of what is scored at the end, where all
        would take long.
        """

    @abstractmethod
    def render(self, m: int) -> Mapping[str, np.ndarray]:
        """Pictures of member m after the last step, as RGB bytes."""

    def find_reached(self) -> Sequence[bool]:
        """Which members, as they are after being scored on the way, need no further step; here none."""
        return [False] * self.members

    def can_draw(self, steps: int) -> bool:
        """Whether a picture on the way costs little beside so many steps."""
        return True

    @abstractmethod
    def outcome(self, m: int) -> dict[str, Any]:
        """What the result of a member says once it has been fitted: `scores`, and `yardsticks`, the scores of each by its name."""

    @abstractmethod
    def facts(self, m: int) -> dict[str, Any]:
        """What a member's result says in any case: `parameters`, `grid`, `channels` and the like."""

    @abstractmethod
    def save(self, m: int, folder: Path) -> None:
        """Write what member m has learned into the fit's folder."""

    def score(self, step: int) -> None:
        """Append the scores at this step to every running member's curve; in float32, whatever trains.

        Members that are good enough are kept as they are now. At the end, which comes early where no member runs any more, they are
        put back, and all is scored.
        """
        with torch.autocast(self.device.type, enabled=False):
            if step < self.samples.steps:
                self.note(step, whole=False)
                self.keep(step)
            if step == self.samples.steps or (self.kept and not any(progress.runs for progress in self.progress)):
                self.put_back()
                self.note(step, whole=True)

    def note(self, step: int, *, whole: bool) -> None:
        """Measure, append the scores to the curve of every member that runs, and set the last ones of those that were kept."""
        scored, finite = self.measure(whole=whole)
        for progress, scores, sound in zip(self.progress, scored, finite, strict=True):
            if progress.runs and not sound:  # losses do not see the very last step
                progress.diverged_at = step
            if progress.runs:
                seconds = round(self.clock.spent["steps"] / self.members, 4)
                progress.curve.append({"step": step, "seconds": seconds, **scores})
            elif whole and progress.stopped_at is not None:
                progress.curve[-1].update(scores)

    def keep(self, step: int) -> None:
        """Remember what has been learned by those members that need no further step."""
        for m, (progress, reached) in enumerate(zip(self.progress, self.find_reached(), strict=True)):
            if progress.runs and reached:
                progress.stopped_at = step
                self.kept[m] = {name: part[m].clone() for name, part in self.by_member().items()}

    @torch.no_grad()
    def put_back(self) -> None:
        """Make the members that were kept what they were then."""
        for m, kept in self.kept.items():
            for name, part in self.by_member().items():
                part[m] = kept[name]

    def by_member(self) -> dict[str, Tensor]:
        """Parameters and buffers, with the members along a first axis of their own."""
        return {name: t.detach().unflatten(0, (self.members, -1)) for name, t in self.ensemble.state_dict().items()}

    def latest(self, m: int) -> Scores:
        """The last scores on a member's curve."""
        return {name: value for name, value in self.progress[m].curve[-1].items() if name not in ("step", "seconds")}

    @torch.no_grad()
    def rescore(self) -> dict[str, Any]:
        """What the result of the first member says as it is now, without a Trainer, on the CPU."""
        self.samples.to(self.device, rank=0, world=1)
        self.to_device()
        self.note(self.samples.steps, whole=True)
        return self.outcome(0)

    def over_devices(self, tensor: Tensor) -> Tensor:
        """The sum over devices, of which there is one where nothing is trained."""
        return tensor if self._trainer is None else self.trainer.strategy.reduce(tensor, reduce_op="sum")
