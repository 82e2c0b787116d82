"""Check: whether a configuration can work, before anything is written, and at little cost for the next one alike."""

import dataclasses
import functools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from fieldlab.build import build
from fieldlab.configuration import to_json
from fieldlab.errors import InputError
from fieldlab.identity import fit_hash
from fieldlab.rules import check_top
from fieldlab.runs.task import Config, make_task
from fieldlab.trainer import make_trainer

SHARED = ("logger", "task", "optimizer", "schedule", "trainer", "steps", "compile", "resume", "checkpoint_minutes")


@dataclass(frozen=True)
class Checked:
    """A configuration that can work, and what must be known to plan its fit.

    Fits with equal `stack_key` can be members of one batched call. What a roll `needs` are the fits that it moves.
    """

    plain: Mapping[str, Any]
    signal: str
    stack_key: str
    devices: int
    needs: tuple["Checked", ...] = ()

    @functools.cached_property
    def config(self) -> DictConfig:
        return OmegaConf.create(dict(self.plain))

    @functools.cached_property
    def hash(self) -> str:
        """Of all that determines the result, as it was when first asked for."""
        return fit_hash(self.plain)

    def __reduce__(self) -> tuple:
        """Without what is cached."""
        return Checked, (self.plain, self.signal, self.stack_key, self.devices, self.needs)

    @property
    def folder(self) -> Path:
        return Path(self.plain["folder"])

    @property
    def resume(self) -> bool:
        return self.plain["resume"]


class Checks:
    """Checks many configurations; what several have in common is looked at once."""

    def __init__(self) -> None:
        self.seen: dict[tuple[str, ...], Any] = {}

    def once(self, *key: str, look: Callable[[], Any]) -> Any:
        if key not in self.seen:
            self.seen[key] = look()
        return self.seen[key]

    def check(self, plain: Mapping[str, Any]) -> Checked:
        """Check a configuration by building all that it describes.

        Raises:
            InputError: anything in it that cannot work.
        """
        check_top(plain)
        checked = Checked(plain, "", "", 1)
        self.once(to_json(plain, "logger"), look=lambda: build(plain["logger"], "logger"))
        devices = self.once(to_json(plain, "trainer"), look=lambda: make_trainer(checked.config).world_size)
        task = make_task(plain)
        needs = tuple(self.check_need(fit, reword) for fit, reword in task.list_needs(plain))
        facts = task.check(plain, devices, self.once)
        key = stack_key(plain, *facts.alike)
        return dataclasses.replace(checked, signal=facts.subject, stack_key=key, devices=devices, needs=needs)

    def check_need(self, fit: Config, reword: Callable[[InputError], InputError]) -> Checked:
        """Check a run that must be finished first; what is wrong is told by the keys of the one that needs it."""
        try:
            return self.check(fit)
        except InputError as error:
            if (own := reword(error)) is error:
                raise
            raise own from error


def stack_key(plain: Mapping[str, Any], *own: Any) -> str:
    """Equal for configurations whose fits can be members of one batched call: `own` is what theirs must have in common."""
    stacks = plain["optimizer"].get("stacks", False)
    shared = {**plain, "optimizer": {**plain["optimizer"], "lr": None}} if stacks else plain
    return json.dumps([to_json(shared, *SHARED), *own, None if stacks else plain["folder"]])
