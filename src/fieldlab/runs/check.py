"""Check: whether a configuration can work, before anything is written, and at little cost for the next one alike."""

import functools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fieldlab.config.fingerprint import hash_run
from fieldlab.config.instantiate import build
from fieldlab.config.schema import RUN, check_keys
from fieldlab.errors import InputError
from fieldlab.runs.rules import check_run
from fieldlab.runs.task import Config, Member, find_task, make_task

SHARED = ("logger", "task", "trainer", "compile", "resume", "checkpoint_minutes")


@dataclass(frozen=True)
class Checked:
    """A configuration that can work, and what must be known to plan its run.

    Runs with equal `stack_key` can be members of one batched call. What it `needs` are runs that must be finished first.
    """

    config: Mapping[str, Any]
    subject: str
    stack_key: str
    devices: int
    needs: tuple["Checked", ...] = ()

    @functools.cached_property
    def hash(self) -> str:
        """Of all that determines the result, as it was when first asked for."""
        return hash_run(self.config)

    def build(self) -> Member:
        """What the configuration describes, with what it leaves to the program decided."""
        task = make_task(self.config)
        return task.decide(task.build(self.config), self.hash)

    def __reduce__(self) -> tuple:
        """Without what is cached."""
        return Checked, (self.config, self.subject, self.stack_key, self.devices, self.needs)

    @property
    def folder(self) -> Path:
        return Path(self.config["folder"])

    @property
    def resume(self) -> bool:
        return self.config["resume"]


class Checks:
    """Checks many configurations; what several have in common is looked at once."""

    def __init__(self) -> None:
        self.seen: dict[tuple[str, ...], Any] = {}

    def once(self, *key: str, look: Callable[[], Any]) -> Any:
        """The answer to a question, asked once for equal keys."""
        if key not in self.seen:
            self.seen[key] = look()
        return self.seen[key]

    def check(self, config: Config) -> Checked:
        """Check a configuration by building all that it describes.

        Raises:
            InputError: anything in it that cannot work.
        """
        kind = find_task(config)
        check_keys(config, {**RUN, **kind.keys}, f"the task {kind.__name__}")
        check_run(config)
        self.once(to_json(config, "logger"), look=lambda: build(config["logger"], "logger"))
        devices = self.once(to_json(config, "trainer"), look=lambda: count_devices(config))
        task = self.once("task", to_json(config, "task"), look=lambda: make_task(config))
        needs = tuple(self.check_need(run, reword) for run, reword in task.list_needs(config))
        facts = task.check(config, devices, self.once)
        alike = [config["folder"]] if facts.alike is None else [to_json(config, *SHARED), *facts.alike]
        return Checked(config, facts.subject, json.dumps(alike, sort_keys=True), devices, needs)

    def check_need(self, run: Config, reword: Callable[[InputError], InputError]) -> Checked:
        """Check a run that must be finished first; what is wrong is told by the keys of the one that needs it."""
        try:
            return self.check(run)
        except InputError as error:
            if (own := reword(error)) is error:
                raise
            raise own from error


def count_devices(config: Config) -> int:
    """The devices that a run is computed on."""
    from fieldlab.training.trainer import make_trainer

    return make_trainer(config["trainer"]).world_size


def to_json(config: Config, *keys: str) -> str:
    """These top-level keys as JSON: equal where what they describe is."""
    return json.dumps([config[key] for key in keys], sort_keys=True)
