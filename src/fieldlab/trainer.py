"""The Trainer that computes a task's steps."""

import logging

from lightning import Callback, Trainer
from lightning.fabric.plugins.environments.lightning import LightningEnvironment
from omegaconf import DictConfig

from fieldlab.build import build


def make_trainer(config: DictConfig, *callbacks: Callback) -> Trainer:
    """The Trainer of a configuration, quiet, without Lightning's own logger, bar and checkpoints."""
    quiet_lightning()
    return build(
        config.trainer,
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
    """Lightning greets every Trainer with lines on hardware and tips; nothing is wrong, so nothing is said."""
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)
