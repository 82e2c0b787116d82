"""Checkpoints: a long fit saves its state now and then, and goes on from there after a kill."""

import logging
import pickle
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from lightning import Callback, LightningModule, Trainer

from fieldlab.errors import InputError, first_line
from fieldlab.results import replace_atomically
from fieldlab.tasks.fit import State

CHECKPOINT = "checkpoint.pt"


class Checkpoints(Callback):
    """Every so many minutes, at the end of a chunk of steps, the task's state as `checkpoint.pt`.

    Members that are computed together share one state, in the folder of the first. `minutes` 0 saves after every
    chunk, None never.

    Raises:
        InputError: a negative number of minutes.
    """

    def __init__(self, folders: Sequence[Path], minutes: float | None) -> None:
        if minutes is not None and minutes < 0:
            raise InputError(f"checkpoint_minutes: {minutes} should be at least 0, or null for no checkpoints")
        self.file = folders[0] / CHECKPOINT
        self.members = [folder.name for folder in folders]
        self.minutes = minutes

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.saved = time.monotonic()

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        task: Any = pl_module
        due = self.minutes is not None and time.monotonic() - self.saved >= 60 * self.minutes
        if due and trainer.is_global_zero and batch.step < task.samples.steps:
            content = {"members": self.members, "state": task.state(batch.step)}
            replace_atomically(self.file, partial(torch.save, content))
            self.saved = time.monotonic()

    def earlier(self) -> State | None:
        """The state that an interrupted run of the same members left behind, None where there is none.

        A file that cannot be read is passed over with a warning: the fit begins anew.
        """
        if not self.file.exists():
            return None
        try:
            content = torch.load(self.file, map_location="cpu", weights_only=True)
            return content["state"] if content["members"] == self.members else None
        except (OSError, RuntimeError, KeyError, TypeError, EOFError, pickle.UnpicklingError) as error:
            warning = "%s: cannot be read (%s); the fit begins anew"
            logging.getLogger("fieldlab").warning(warning, self.file, first_line(error))
            return None

    def discard(self) -> None:
        """The fit has come to its end."""
        self.file.unlink(missing_ok=True)
