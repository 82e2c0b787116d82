"""The Trainer that computes a task's steps."""

import logging
from collections.abc import Mapping
from typing import Any

from lightning import Callback, Trainer
from lightning.fabric.plugins.environments.lightning import LightningEnvironment

from fieldlab.config.instantiate import build


def make_trainer(settings: Mapping[str, Any], *callbacks: Callback) -> Trainer:
    """The Trainer with these settings, quiet, without Lightning's own logger, bar and checkpoints."""
    quiet_lightning()
    return build(
        settings,
        "trainer",
        max_epochs=1,
        logger=False,
        enable_checkpointing=False,
        enable_model_summary=False,
        enable_progress_bar=False,
        callbacks=list(callbacks),
        plugins=[LightningEnvironment()],  # on SLURM Lightning's own requeue handlers would take over
    )


def quiet_lightning() -> None:
    """Suppress the lines on hardware and tips that Lightning writes for every Trainer."""
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)
