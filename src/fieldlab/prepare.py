"""Prepare: what a checked configuration describes, built; nothing is written yet."""

import copy
import functools
import json
import logging
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lightning import Callback, Trainer
from lightning.fabric.plugins.environments.lightning import LightningEnvironment
from omegaconf import DictConfig

from fieldlab.build import build, plain
from fieldlab.canvases.canvas import Canvas
from fieldlab.configuration import plain_config
from fieldlab.digests import digested
from fieldlab.easel import build_canvas, build_model, build_objective, build_transforms, count_images, take_in
from fieldlab.field import Ensemble, Field, build_field, draw
from fieldlab.goals.goal import Goal
from fieldlab.identity import roll_name, rolls, sees, sight_name
from fieldlab.library import Memories, recall
from fieldlab.machine import can_compile
from fieldlab.models.model import Model
from fieldlab.models.patches import Photos
from fieldlab.moving import build_goal, build_rolls
from fieldlab.objectives.objective import Objective
from fieldlab.signals.photos import read_photos
from fieldlab.signals.signal import Signal
from fieldlab.signals.splits import Split
from fieldlab.tasks.descent import Descent
from fieldlab.tasks.starts import Start
from fieldlab.tasks.task import Task
from fieldlab.worlds import build_signal, build_split, described

KEPT = 8  # sets of photos that stay in memory, for the visualisations that share them


@dataclass(frozen=True)
class Prepared(ABC):
    """One configuration and what it describes."""

    config: DictConfig

    @property
    @abstractmethod
    def name(self) -> str:
        """What results call that which is fitted or seen."""


@dataclass(frozen=True)
class Fitting(Prepared):
    """A field for a signal."""

    signal: Signal
    split: Split
    field: Field

    @property
    def name(self) -> str:
        return self.signal.name


@dataclass(frozen=True)
class Seeing(Prepared):
    """A canvas for a model."""

    model: Model
    objective: Objective
    canvas: Canvas

    @property
    def name(self) -> str:
        return sight_name(self.config)


@dataclass(frozen=True)
class Rolling(Prepared):
    """Memorised pictures for a goal."""

    memories: Memories
    goal: Goal
    start: Start

    @property
    def name(self) -> str:
        return roll_name(self.config)


def prepare(config: DictConfig, *, fitted: bool = True) -> Fitting | Seeing | Rolling:
    """Build signal, split and field; or model, objective and canvas; or memories, goal and start.

    Of a roll that is not `fitted` yet the fields have memorised nothing.

    Raises:
        InputError: anything in them that cannot work.
    """
    if rolls(config):
        memories = recall(plain_config(config), fitted=fitted)
        goal = build_goal(plain(config.goal, "goal"), "goal", memories.pictures)
        return Rolling(config, memories, goal, build(config.shift_init, "shift_init"))
    if sees(config):
        model = build_model(config)
        objective = build_objective(config.objective, model)
        return Seeing(config, model, objective, build_canvas(config, model, count_images(config, objective)))
    signal = build_signal(config)
    split = build_split(described(config, "split"), signal.grid)
    field = draw(lambda: build_field(config.field, dim=signal.dim, channels=signal.channels), config.seed)
    return Fitting(config, signal, split, field)


def assemble(members: Sequence[Prepared], *callbacks: Callback) -> tuple[Task, Trainer]:
    """The task and the trainer that compute these members together."""
    return make_task(members), make_trainer(members[0].config, *callbacks)


def make_task(members: Sequence[Prepared]) -> Task:
    config = members[0].config
    optimizer, schedule = ({**plain(config[key], key), "_partial_": True} for key in ("optimizer", "schedule"))
    optimizer.pop("stacks", None)
    settings = plain(config.task, "task")
    given = fitted([m for m in members if isinstance(m, Fitting)])
    given |= seen([m for m in members if isinstance(m, Seeing)], settings)
    given |= rolled([m for m in members if isinstance(m, Rolling)])
    if optimizer.get("fused") and any(parameter.is_complex() for parameter in given["ensemble"].parameters()):
        say_unfused()
        optimizer["fused"] = None
    return build(
        settings,
        "task",
        seeds=[member.config.seed for member in members],
        steps=config.steps,
        descent=Descent(
            build(optimizer, "optimizer"),
            build(schedule, "schedule"),
            own_rates(members),
            config.compile and can_compile(),
        ),
        **given,
    )


@functools.cache
def say_unfused() -> None:
    """Once in a process."""
    logging.getLogger("fieldlab").warning(
        "optimizer.fused: torch fuses steps of real parameters alone; these are complex"
    )


def fitted(members: Sequence[Fitting]) -> dict[str, Any]:
    """What a task that fits fields is given."""
    if not members:
        return {}
    return {
        "ensemble": Ensemble([member.field for member in members]),
        "signals": [member.signal for member in members],
        "splits": [member.split for member in members],
    }


def seen(members: Sequence[Seeing], settings: dict[str, Any]) -> dict[str, Any]:
    """What a task that finds images is given; its held-out transforms are built here."""
    if not members:
        return {}
    first = members[0]
    return {
        "ensemble": take_in([member.canvas for member in members]),
        "model": first.model,
        "objective": first.objective,
        "photos": photos_of(first.config.photos, first.model.channels),
        "transforms": build_transforms(first.config.transforms, "transforms"),
        "held_out": build_transforms(settings.pop("held_out", None), "task.held_out"),
    }


def rolled(members: Sequence[Rolling]) -> dict[str, Any]:
    """What a task that rolls pictures is given."""
    if not members:
        return {}
    first = members[0]
    groups = len(members) * first.goal.cases * first.start.tries
    return {
        "ensemble": build_rolls(first.config, copy.deepcopy(first.goal), groups),
        "fields": Ensemble(first.memories.fields),
        "start": first.start,
    }


def photos_of(node: DictConfig, channels: int) -> Photos:
    """The photos that images are compared with, read once; none for a model that does not see grey or RGB."""
    paths = plain(node, "photos") if channels in (1, 3) else {}
    return reference(json.dumps([paths, channels]), str(digested(paths, "photos")))


@functools.lru_cache(maxsize=KEPT)
def reference(settings: str, digest: str) -> Photos:
    """`digest` is that of the files."""
    paths, channels = json.loads(settings)
    return Photos(read_photos(paths, "photos", channels=channels, size=None) if paths else {})


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
