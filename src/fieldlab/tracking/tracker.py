"""Trackers: whoever wants to know how each fit is doing."""

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from lightning import Callback, LightningModule, Trainer
from omegaconf import DictConfig

from fieldlab.errors import first_line
from fieldlab.results import Result

Pictures = Mapping[str, np.ndarray]


class Tracker(ABC):
    """Told of every member by itself: its configuration, its scores as they come, its result."""

    def __init__(self, *, pictures: int) -> None:
        if pictures < 0:
            raise ValueError(f"pictures must not be negative, but is {pictures}")
        self.pictures = pictures

    @abstractmethod
    def settle(self) -> None:
        """Decide what all processes of a sweep should do alike, before there are any others."""

    @abstractmethod
    def start(self, configs: Sequence[DictConfig]) -> None:
        """These fits are about to run; members are named by their place in this list from now on."""

    @abstractmethod
    def log(self, m: int, step: int, scores: Mapping[str, float | None], pictures: Pictures) -> None:
        """Member m's scores at a step, and at some steps its pictures."""

    @abstractmethod
    def finish(self, m: int, result: Result) -> None:
        """What became of member m."""

    @abstractmethod
    def publish(self, folder: Path) -> None:
        """Show the report in a study's folder."""

    @abstractmethod
    def close(self) -> None:
        """Nothing more will come, whatever has happened."""


class Silence(Tracker):
    """Follows nothing: results and pictures are in the fit's folder anyway."""

    def settle(self) -> None: ...

    def start(self, configs: Sequence[DictConfig]) -> None: ...

    def log(self, m: int, step: int, scores: Mapping[str, float | None], pictures: Pictures) -> None: ...

    def finish(self, m: int, result: Result) -> None: ...

    def publish(self, folder: Path) -> None: ...

    def close(self) -> None: ...


class Follow(Callback):
    """Passes on every scored step of a task; `tracker.pictures` times, the last step included, with pictures."""

    def __init__(self, tracker: Tracker) -> None:
        self.tracker = tracker

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """A fit that goes on from a checkpoint brings its curve along."""
        task: Any = pl_module
        self.scored = task.samples.start // task.samples.scored_every
        if trainer.is_global_zero:
            for m, progress in enumerate(task.progress):
                for point in progress.curve:
                    self.tell(m, point, {})

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        if not batch.scored or not trainer.is_global_zero:
            return
        task: Any = pl_module
        self.scored += 1
        times, total = self.tracker.pictures, task.samples.times_scored
        due = self.scored * times // total > (self.scored - 1) * times // total
        for m, progress in enumerate(task.progress):
            if progress.diverged_at is None:
                self.tell(m, progress.curve[-1], task.shown(m) if due else {})

    def tell(self, m: int, point: Mapping[str, Any], pictures: Pictures) -> None:
        scores = {name: value for name, value in point.items() if name != "step"}
        safely(self.tracker.log, m, point["step"], scores, pictures)


def safely(action: Callable[..., None], *arguments: Any) -> None:
    """A tracker's trouble (a full disk, a lost server) must never end a fit: one line, and on."""
    try:
        action(*arguments)
    except Exception as error:
        logging.getLogger("fieldlab").warning("tracking: %s: %s", type(error).__name__, first_line(error))
