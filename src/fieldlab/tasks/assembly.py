"""Assembly: members of a task, its optimiser and its schedule, put together to be trained."""

from collections.abc import Sequence
from typing import Any

from lightning import Callback, Trainer
from omegaconf import DictConfig

from fieldlab.build import build, plain
from fieldlab.machine import can_compile
from fieldlab.runs.task import Member, Task, make_task
from fieldlab.tasks.descent import Descent
from fieldlab.tasks.module import TaskModule
from fieldlab.trainer import make_trainer


def build_member(config: DictConfig) -> Member:
    """What a checked configuration describes, built; nothing is written yet."""
    return make_task(config).build(config)


def assemble(members: Sequence[Member], *callbacks: Callback) -> tuple[TaskModule, Trainer]:
    """What computes these members together: the module that holds them, and the Trainer."""
    config = members[0].config
    return assemble_module(make_task(config), members), make_trainer(config, *callbacks)


def assemble_module(task: Task, members: Sequence[Member]) -> Any:
    """What trains these members together."""
    config = members[0].config
    optimizer, schedule = ({**plain(config[key], key), "_partial_": True} for key in ("optimizer", "schedule"))
    optimizer.pop("stacks", None)
    descent = Descent(
        build(optimizer, "optimizer"),
        build(schedule, "schedule"),
        own_rates(members),
        fused=bool(optimizer.get("fused")),
        compiled=config.compile and can_compile(),
    )
    seeds = [member.config.seed for member in members]
    return task.assemble(members, seeds=seeds, steps=config.steps, descent=descent)


def own_rates(members: Sequence[Member]) -> list[float] | None:
    """The members' learning rates, None where one holds for all."""
    rates = [member.config.optimizer.get("lr") for member in members]
    return None if len(set(rates)) == 1 else rates
