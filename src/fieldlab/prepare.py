"""Prepare: a configuration checked and built, with nothing written yet."""

import dataclasses
import json
import logging
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lightning import Callback, Trainer
from lightning.fabric.plugins.environments.lightning import LightningEnvironment
from omegaconf import DictConfig

from fieldlab.build import build, locate, plain
from fieldlab.configuration import plain_value
from fieldlab.errors import InputError, first_line, suggest
from fieldlab.field import Ensemble, Field, build_field, draw, structure
from fieldlab.machine import can_compile
from fieldlab.schema import Schema
from fieldlab.signals.grid import Signal
from fieldlab.signals.splits import Split
from fieldlab.tasks.fit import Fit
from fieldlab.tracking.progress import ProgressLine

SHARED = ("logger", "task", "optimizer", "schedule", "trainer", "steps", "compile", "resume", "checkpoint_minutes")


@dataclass(frozen=True)
class Prepared:
    """One configuration, checked and built, with nothing written yet."""

    config: DictConfig
    signal: Signal
    split: Split
    field: Field
    devices: int

    @property
    def folder(self) -> Path:
        return Path(self.config.folder)

    @property
    def stack_key(self) -> str:
        """Fits with equal keys can be members of one batched call."""
        shared = {key: plain_value(self.config, key) for key in SHARED}
        alone = None if self.config.optimizer.get("stacks", False) else self.config.folder
        described = [shared, structure(self.field), self.signal.grid, int(self.split.train.sum()), alone]
        return json.dumps(described, sort_keys=True)


def prepare(config: DictConfig) -> Prepared:
    """Check a configuration by building all that it describes.

    Raises:
        InputError: anything in it that cannot work.
    """
    check_top(config)
    signal: Signal = build(config.signal, "signal")
    split: Split = build(config.split, "split", grid=signal.grid)
    field = draw(lambda: build_field(config.field, dim=signal.dim, channels=signal.channels), config.seed)
    prepared = Prepared(config, signal, split, field, devices=1)
    build(config.logger, "logger")
    task, trainer = assemble([prepared])
    check_devices(config, trainer, task.samples.in_a_step)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the schedule steps before its optimiser has
        try:
            task.configure_optimizers()
            task.rate.step()
        except (ValueError, TypeError, ZeroDivisionError) as error:
            raise InputError(f"optimizer or schedule: {first_line(error)}") from error
    return dataclasses.replace(prepared, devices=trainer.world_size)


def check_top(config: DictConfig) -> None:
    """Hold the top-level keys to what their types cannot say."""
    known = [key.name for key in dataclasses.fields(Schema)]
    for key in config:
        if key not in known:
            raise InputError(f"{key}: there is no such key{suggest(str(key), known)}")
    if config.steps < 1:
        raise InputError(f"steps: {config.steps} is too few; a fit takes at least 1 step")
    if not 0 <= config.seed < 2**63:
        raise InputError(f"seed: {config.seed} should be between 0 and 2^63 - 1")
    for key in ("study", "folder"):
        if not config[key].strip():
            raise InputError(f"{key}: needs a name")
    for key, name in (("study", config.study), ("signal.name", config.signal.get("name") or "")):
        if "/" in str(name):
            raise InputError(f"{key}: {name} must not contain a slash")
    if config.checkpoint_minutes is not None and config.checkpoint_minutes < 0:
        raise InputError(f"checkpoint_minutes: {config.checkpoint_minutes} should be at least 0, or null for never")
    locate(config.figure, "figure")
    if str(config.trainer.get("precision")) in ("16", "16-mixed"):
        raise InputError("trainer.precision: one loss scaler would couple the members of a pack; use bf16-mixed")


def check_devices(config: DictConfig, trainer: Trainer, batch: int) -> None:
    """Several devices share one fit only where each gradient is the mean of theirs and nothing else couples them."""
    if trainer.world_size == 1:
        return
    devices = f"trainer.devices: {config.trainer.devices} devices"
    if config.trainer.get("strategy") != "ddp":
        raise InputError(f"{devices} need trainer.strategy=ddp, not {config.trainer.get('strategy')}")
    if not config.optimizer.get("stacks", False):
        raise InputError(
            f"{devices} need an elementwise optimiser (adam, adamw, sgd): this one looks at the loss itself"
        )
    if batch < trainer.world_size:
        raise InputError(f"{devices} cannot share batches of {batch}; task.batch_size should be larger")


def assemble(members: Sequence[Prepared], *callbacks: Callback) -> tuple[Fit, Trainer]:
    """The task and the trainer that compute these members together."""
    config = members[0].config
    optimizer, schedule = ({**plain(config[key], key), "_partial_": True} for key in ("optimizer", "schedule"))
    optimizer.pop("stacks", None)
    task = build(
        config.task,
        "task",
        ensemble=Ensemble([member.field for member in members]),
        signals=[member.signal for member in members],
        splits=[member.split for member in members],
        seeds=[member.config.seed for member in members],
        steps=config.steps,
        optimizer=build(optimizer, "optimizer"),
        schedule=build(schedule, "schedule"),
        compiled=config.compile and can_compile(),
    )
    quiet_lightning()
    trainer = build(
        config.trainer,
        "trainer",
        max_epochs=1,
        logger=False,
        enable_checkpointing=False,
        enable_model_summary=False,
        enable_progress_bar=False,
        callbacks=[ProgressLine(describe(members)), *callbacks],
        plugins=[LightningEnvironment()],  # on SLURM Lightning's own requeue handlers would take over
    )
    return task, trainer


def describe(members: Sequence[Prepared]) -> str:
    names = [member.folder.name.rsplit("-", 1)[0] for member in members]
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"


def quiet_lightning() -> None:
    """Lightning greets every Trainer with lines on hardware and tips; nothing is wrong, so nothing is said."""
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)
