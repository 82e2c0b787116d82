"""Prepare: a configuration checked and built, with nothing written yet."""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lightning import Trainer
from lightning.fabric.plugins.environments.lightning import LightningEnvironment
from lightning.fabric.utilities.exceptions import MisconfigurationException
from omegaconf import DictConfig

from fieldlab.build import build, plain
from fieldlab.configuration import plain_value
from fieldlab.errors import InputError
from fieldlab.field import Ensemble, Field, build_field, draw, structure
from fieldlab.machine import can_compile
from fieldlab.signals.grid import Signal
from fieldlab.signals.splits import Split
from fieldlab.tasks.fit import Fit
from fieldlab.tracking import ProgressLine

SHARED = ("task", "optimizer", "schedule", "trainer", "steps", "compile")


@dataclass(frozen=True)
class Prepared:
    """One configuration, checked and built, with nothing written yet."""

    config: DictConfig
    signal: Signal
    split: Split
    field: Field

    @property
    def folder(self) -> Path:
        return Path(self.config.folder)

    @property
    def stack_key(self) -> str:
        """Fits with equal keys can be members of one batched call."""
        shared = {key: plain_value(self.config, key) for key in SHARED}
        shape = {name: list(size) for name, size in structure(self.field).items()}
        alone = None if self.config.optimizer.stacks else self.config.folder
        described = [shared, shape, self.signal.grid, int(self.split.train.sum()), repr(self.field), alone]
        return json.dumps(described, sort_keys=True)


def prepare(config: DictConfig) -> Prepared:
    """Check a configuration by building all that it describes.

    Raises:
        InputError: anything in it that cannot work.
    """
    if config.steps < 1:
        raise InputError(f"steps: {config.steps} is too few; a fit takes at least 1 step")
    signal: Signal = build(config.signal, "signal")
    split: Split = build(config.split, "split", grid=signal.grid)
    field = draw(lambda: build_field(config.field, dim=signal.dim, channels=signal.channels), config.seed)
    prepared = Prepared(config, signal, split, field)
    task, _ = assemble([prepared])
    try:
        task.configure_optimizers()
    except (ValueError, TypeError) as error:
        raise InputError(f"optimizer or schedule: {error}") from error
    return prepared


def assemble(members: Sequence[Prepared]) -> tuple[Fit, Trainer]:
    """The task and the trainer that compute these members together."""
    config = members[0].config
    optimizer = {key: value for key, value in plain(config.optimizer, "optimizer").items() if key != "stacks"}
    task = build(
        config.task,
        "task",
        ensemble=Ensemble([member.field for member in members]),
        signals=[member.signal for member in members],
        splits=[member.split for member in members],
        seeds=[member.config.seed for member in members],
        steps=config.steps,
        optimizer=build(optimizer, "optimizer"),
        schedule=build(config.schedule, "schedule"),
        compiled=config.compile and can_compile(),
    )
    quiet_lightning()
    try:
        trainer = build(
            config.trainer,
            "trainer",
            max_epochs=1,
            logger=False,
            enable_checkpointing=False,
            enable_model_summary=False,
            enable_progress_bar=False,
            callbacks=[ProgressLine(describe(members))],
            plugins=[LightningEnvironment()],  # on SLURM Lightning's own requeue handlers would take over
        )
    except (MisconfigurationException, ImportError) as error:  # a device that is not there, or its library
        raise InputError(f"trainer: {str(error).splitlines()[0]}") from error
    return task, trainer


def describe(members: Sequence[Prepared]) -> str:
    names = [member.folder.name.rsplit("-", 1)[0] for member in members]
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"


def quiet_lightning() -> None:
    """Lightning greets every Trainer with lines on hardware and tips; nothing is wrong, so nothing is said."""
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)
