"""Tasks that train: members in one LightningModule, descended by one optimiser, step by step."""

import signal
import warnings
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from fieldlab.config.instantiate import build, resolve
from fieldlab.config.schema import TRAINING, Keys
from fieldlab.errors import InputError
from fieldlab.runs.computation import Computation, Watchers
from fieldlab.runs.duration import time_step
from fieldlab.runs.task import Config, Facts, Member, Once, Task

if TYPE_CHECKING:
    from lightning import Trainer

    from fieldlab.runs.checkpoint import Checkpoints
    from fieldlab.training.module import TaskModule
    from fieldlab.training.optimisation import Descent

TIMED_SECONDS = 1.0  # of steps, to tell how long all will take


class TrainedTask(Task):
    """A task that descends in `steps` steps of an `optimizer` under a `schedule`."""

    keys: ClassVar[Keys] = TRAINING

    @abstractmethod
    def look(self, config: Config, devices: int, once: Once) -> Facts:
        """Build all that the configuration describes, and rehearse a step; facts beside those of training."""

    @abstractmethod
    def assemble(
        self, members: Sequence[Any], *, seeds: Sequence[int], steps: int, descent: "Descent"
    ) -> "TaskModule":
        """What trains these members together."""

    def check(self, config: Config, devices: int, once: Once) -> Facts:
        if config["steps"] < 1:
            raise InputError(f"steps: {config['steps']} is too few; training takes at least 1 step")
        found = self.look(config, devices, once)
        if found.alike is None or not config["optimizer"].get("stacks", False):
            return replace(found, alike=None)
        shared = {**config["optimizer"], "lr": None}
        return replace(found, alike=(shared, config["schedule"], config["steps"], *found.alike))

    def time(self, members: Sequence[Member]) -> float:
        config = members[0].config
        if seconds := config.get("seconds"):
            return seconds
        return config["steps"] * time_step(self, members, compiled=False, within=TIMED_SECONDS) / len(members)

    def compute(self, members: Sequence[Member], watchers: Watchers) -> "Training":
        from fieldlab.runs.checkpoint import Checkpoints
        from fieldlab.runs.tracking.follow import Follow
        from fieldlab.runs.tracking.progress import ProgressLine
        from fieldlab.training.trainer import make_trainer

        configs = [member.config for member in members]
        checkpoints = Checkpoints(configs, watchers.hashes)
        callbacks = [ProgressLine(watchers.description, self.scoring)] if watchers.description else []
        if watchers.log is not None:
            callbacks += [Follow(watchers.log, watchers.pictures)]
        if watchers.hashes:
            callbacks += [checkpoints]
        module = assemble_module(self, members)
        module.timed = watchers.trial
        return Training(module, make_trainer(configs[0]["trainer"], *callbacks), checkpoints)


def assemble_module(task: TrainedTask, members: Sequence[Member]) -> Any:
    """The module of a task in which these members are trained together."""
    from fieldlab.training.optimisation import Descent

    config = members[0].config
    optimizer, schedule = ({**resolve(config[key], key), "_partial_": True} for key in ("optimizer", "schedule"))
    optimizer.pop("stacks", None)
    roles = optimizer.pop("roles", False)
    rates = [member.config["optimizer"].get("lr") for member in members]
    descent = Descent(
        build(optimizer, "optimizer"),
        build(schedule, "schedule"),
        None if len(set(rates)) == 1 else rates,
        fused=bool(optimizer.get("fused")),
        compiled=config["compile"],
        roles=roles,
    )
    seeds = [member.config["seed"] for member in members]
    return task.assemble(members, seeds=seeds, steps=config["steps"], descent=descent)


class Training(Computation):
    """A module and the Trainer that runs it."""

    def __init__(self, module: "TaskModule", trainer: "Trainer", checkpoints: "Checkpoints") -> None:
        self.module, self.trainer, self.checkpoints = module, trainer, checkpoints

    @property
    def first(self) -> bool:
        return self.trainer.is_global_zero

    def resume(self) -> str | None:
        state = self.checkpoints.earlier(self.trainer.strategy.root_device)
        if state is None:
            return None
        self.module.resume(state)
        self.earlier = self.module.clock.earlier
        return f"step {state['step']} of {self.module.samples.steps}"

    def discard(self) -> None:
        self.checkpoints.discard()

    def stop(self) -> None:
        if self.trainer.strategy.launcher is not None:
            self.trainer.strategy.launcher.kill(signal.SIGKILL)

    def run(self) -> None:
        """Train. Ctrl-C comes back as the KeyboardInterrupt that Lightning swallows."""
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module="lightning")
            try:
                self.trainer.fit(self.module, datamodule=self.module.samples)
            except SystemExit as stop:
                raise KeyboardInterrupt from stop
        if self.trainer.interrupted:
            raise KeyboardInterrupt
        self.seconds = self.module.clock.spent["steps"]

    def describe(self, m: int) -> dict[str, Any]:
        from fieldlab.training.machine import device_name

        module = self.module
        progress, steps, world = module.progress[m], module.samples.steps, module.samples.world
        if progress.runs and module.reached < steps:
            raise RuntimeError(f"training ended at step {module.reached} of {steps}")
        spent = module.clock.spent
        device = device_name(module.samples.device)  # the Trainer has taken the module itself back to the CPU
        return {
            **module.facts(m),
            "steps": steps,
            "seconds": round(spent["steps"] / module.members, 3),
            "scoring_seconds": round(spent["scoring"] / module.members, 3),
            "compiling_seconds": round(spent["compiling"] / module.members, 3),
            "compiled": module.compiled,
            "members": module.members,
            "curve": progress.curve,
            "diverged_at": progress.diverged_at,
            "stopped_at": progress.stopped_at,
            "repeatable": module.samples.device.type == "cpu" and world == module.members == 1,
            "device": device if world == 1 else f"{world} x {device}",
        }

    def score(self, m: int) -> Mapping[str, Any]:
        return self.module.outcome(m)

    def save(self, m: int, folder: Path) -> None:
        self.module.save(m, folder)
