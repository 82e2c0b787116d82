"""Prepare: what a checked configuration describes, built; nothing is written yet."""

import functools
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lightning import Callback, Trainer
from lightning.fabric.plugins.environments.lightning import LightningEnvironment
from omegaconf import DictConfig

from fieldlab.build import build, plain
from fieldlab.configuration import plain_value
from fieldlab.field import Ensemble, Field, build_field, draw
from fieldlab.identity import content
from fieldlab.machine import can_compile
from fieldlab.signals.signal import Signal
from fieldlab.signals.splits import Split
from fieldlab.tasks.descent import Descent
from fieldlab.tasks.task import Task

KEPT = 8  # signals and splits that stay in memory, for the fits that share them


@dataclass(frozen=True)
class Prepared:
    """One configuration and what it describes."""

    config: DictConfig
    signal: Signal
    split: Split
    field: Field


def prepare(config: DictConfig) -> Prepared:
    """Build signal, split and field.

    Raises:
        InputError: anything in them that cannot work.
    """
    signal = build_signal(config)
    split = build_split(described(config, "split"), signal.grid)
    field = draw(lambda: build_field(config.field, dim=signal.dim, channels=signal.channels), config.seed)
    return Prepared(config, signal, split, field)


def described(config: DictConfig | Mapping[str, Any], *keys: str) -> str:
    """These top-level keys as JSON: equal where what they describe is."""
    return json.dumps([plain_value(config, key) for key in keys], sort_keys=True)


def build_signal(config: DictConfig) -> Signal:
    """The signal, read once for all fits to it."""
    return read_signal(described(config, "signal"), str(content(config.signal)))


@functools.lru_cache(maxsize=KEPT)
def read_signal(settings: str, digest: str) -> Signal:
    """`digest` is that of its files: a file that has changed is read again."""
    return build(json.loads(settings)[0], "signal")


@functools.lru_cache(maxsize=KEPT)
def build_split(settings: str, grid: tuple[int, ...]) -> Split:
    return build(json.loads(settings)[0], "split", grid=grid)


def assemble(members: Sequence[Prepared], *callbacks: Callback) -> tuple[Task, Trainer]:
    """The task and the trainer that compute these members together."""
    return make_task(members), make_trainer(members[0].config, *callbacks)


def make_task(members: Sequence[Prepared]) -> Task:
    config = members[0].config
    optimizer, schedule = ({**plain(config[key], key), "_partial_": True} for key in ("optimizer", "schedule"))
    optimizer.pop("stacks", None)
    return build(
        config.task,
        "task",
        ensemble=Ensemble([member.field for member in members]),
        signals=[member.signal for member in members],
        splits=[member.split for member in members],
        seeds=[member.config.seed for member in members],
        steps=config.steps,
        descent=Descent(
            build(optimizer, "optimizer"),
            build(schedule, "schedule"),
            own_rates(members),
            config.compile and can_compile(),
        ),
    )


def own_rates(members: Sequence[Prepared]) -> list[float] | None:
    """The members' learning rates, None where one holds for all."""
    rates = [member.config.optimizer.get("lr") for member in members]
    return None if len(set(rates)) == 1 else rates


def make_trainer(config: DictConfig, *callbacks: Callback) -> Trainer:
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


def describe(members: Sequence[Prepared]) -> str:
    names = [Path(member.config.folder).name.rsplit("-", 1)[0] for member in members]
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"


def quiet_lightning() -> None:
    """Lightning greets every Trainer with lines on hardware and tips; nothing is wrong, so nothing is said."""
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)
