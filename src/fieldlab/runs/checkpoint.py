"""Checkpoints: a long fit saves its state now and then, and goes on from there after a kill."""

import pickle
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from lightning import Callback, LightningModule, Trainer

from fieldlab.atomic import replace_atomically
from fieldlab.errors import first_line
from fieldlab.notices import say
from fieldlab.runs.result import result_or_none
from fieldlab.training.module import State

CHECKPOINT = "checkpoint.pt"
DAMAGE = (OSError, RuntimeError, KeyError, TypeError, EOFError, pickle.UnpicklingError)  # what torch.load makes of it


class Checkpoints(Callback):
    """Every `checkpoint_minutes`, at the end of a chunk of steps, the task's state as `checkpoint.pt`.

    Fits that are computed together share one state, in the folder of the first. 0 minutes save after every chunk,
    None never.
    """

    def __init__(self, configs: Sequence[Mapping[str, Any]], hashes: Sequence[str]) -> None:
        self.files = [Path(config["folder"]) / CHECKPOINT for config in configs]
        self.fits = list(hashes)
        self.minutes: float | None = configs[0]["checkpoint_minutes"]

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.saved = time.monotonic()

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        task: Any = pl_module
        due = self.minutes is not None and time.monotonic() - self.saved >= 60 * self.minutes
        if due and trainer.is_global_zero and batch.step < task.samples.steps:
            content = {"fits": self.fits, "device": task.device.type, "state": task.state(batch.step)}
            try:
                replace_atomically(self.files[0], partial(torch.save, content))
            except (OSError, RuntimeError) as error:  # a full disk; there may be room by the next time
                say("%s: cannot be written (%s)", self.files[0], first_line(error))
            self.saved = time.monotonic()

    def earlier(self, device: torch.device) -> State | None:
        """The state that an interrupted run of these fits on such a device left behind, None where there is none.

        A file that cannot be read is passed over with a warning: the fit begins anew.
        """
        file = self.files[0]
        if not file.exists() or is_finished(file.parent):
            return None
        try:
            content = torch.load(file, map_location="cpu", weights_only=True)
            theirs = content["fits"] == self.fits and content["device"] == device.type
            return content["state"] if theirs else None
        except DAMAGE as error:
            say("%s: cannot be read (%s); the fit begins anew", file, first_line(error))
            return None

    def discard(self) -> None:
        """There is nothing to go on with."""
        for file in self.files:
            file.unlink(missing_ok=True)


def noted_fits(folder: Path) -> list[str]:
    """The hashes of the fits whose common state lies in this folder; none where it cannot be read."""
    return read_noted(folder).get("fits", [])


def read_noted(folder: Path) -> Mapping[str, Any]:
    """What an interrupted run has left in this folder; nothing where it came to an end, or cannot be read."""
    if not (folder / CHECKPOINT).exists() or is_finished(folder):
        return {}
    try:
        return torch.load(folder / CHECKPOINT, map_location="cpu", weights_only=True)
    except DAMAGE:
        return {}


def is_finished(folder: Path) -> bool:
    """Whether a fit came to an end here: a kill may leave a checkpoint beside a result."""
    result = result_or_none(folder)
    return result is not None and result.status != "failed"
