"""Follow: scores and pictures of a training run, passed on as they come."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from lightning import Callback, LightningModule, Trainer

from fieldlab.runs.computation import Log


class Follow(Callback):
    """Passes on every scored step of a module; `pictures` times, the last step included, with pictures; fewer times where they would take long beside the steps."""

    def __init__(self, log: Log, pictures: int) -> None:
        self.log_member, self.pictures = log, pictures

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """A run that goes on from a checkpoint brings its curve along."""
        task: Any = pl_module
        self.scored, self.drawn = task.samples.start // task.samples.scored_every, task.samples.start
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
        total = task.samples.num_scores
        due = self.scored * self.pictures // total > (self.scored - 1) * self.pictures // total
        due = trainer.should_stop or (due and (self.scored == total or task.can_draw(batch.step - self.drawn)))
        if due:
            self.drawn = batch.step
        for m, progress in enumerate(task.progress):
            if progress.runs or progress.stopped_at == batch.step:
                with task.clock.spend("scoring"):
                    pictures = task.render(m) if due else {}
                self.tell(m, progress.curve[-1], pictures)

    def tell(self, m: int, point: Mapping[str, Any], pictures: Mapping[str, np.ndarray]) -> None:
        """Pass on a member's scores at a step."""
        scores = {name: value for name, value in point.items() if name != "step"}
        self.log_member(m, point["step"], scores, pictures)
