"""Check: whether a configuration can work, before anything is written, and at little cost for the next one alike."""

import dataclasses
import functools
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from omegaconf import DictConfig, OmegaConf

from fieldlab.build import build
from fieldlab.digests import content, digested
from fieldlab.errors import InputError
from fieldlab.field import Field, build_field, in_doubles, structure
from fieldlab.identity import ROLLING, SEEING, fit_hash, roll_name, rolls, sees, sight_name
from fieldlab.library import memorising
from fieldlab.operators import hessian, slope_error
from fieldlab.prepare import Fitting, make_task, make_trainer, prepare
from fieldlab.rehearse import check_rolling, check_seeing, step_once, trial
from fieldlab.rules import check_devices, check_running, check_top
from fieldlab.tasks.constraints import Constraint
from fieldlab.worlds import build_signal, build_split, described

MOST_SLOPE_ERROR = 0.01
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
    """Checks many configurations; what several have in common is looked at once.

    Fields are built on the meta device, without memory or random numbers.
    """

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
        self.once(described(plain, "logger"), look=lambda: build(plain["logger"], "logger"))
        devices = self.once(described(plain, "trainer"), look=lambda: make_trainer(checked.config).world_size)
        if sees(plain):
            check_running(plain, devices)
            own = {**plain, **{key: digested(plain[key], key) for key in SEEING}}
            canvas = described(nameless(own), *SEEING, "field")
            training = described(plain, "task", "optimizer", "schedule", "steps")
            self.once(canvas, training, look=lambda: check_seeing(checked.config))
            return dataclasses.replace(
                checked, signal=sight_name(plain), stack_key=stack_key(plain, canvas), devices=devices
            )
        if rolls(plain):
            return self.check_roll(checked, devices)
        digest = str(content(plain["signal"]))
        world = described(plain, "signal", "split")
        name, grid, dim, channels, samples = self.once(world, digest, look=lambda: signal_facts(checked.config))
        shape = str((dim, channels))
        field = self.once(
            described(plain, "field"), shape, look=lambda: structure(outline(checked.config, dim, channels))
        )
        training = described(plain, "task", "optimizer", "schedule", "steps")
        batch = self.once(training, shape, str(samples), look=lambda: check_training(checked.config))
        constraints = self.once(described(plain, "task"), look=lambda: build_constraints(checked.config))
        if any(constraint.differentiates for constraint in constraints):
            slopes = described(plain, "field", "task")
            self.once(slopes, shape, look=lambda: trial("field", lambda: check_slopes(checked.config, constraints)))
        check_devices(plain, devices, batch)
        key = stack_key(plain, field, grid, samples)
        return dataclasses.replace(checked, signal=name, stack_key=key, devices=devices)

    def check_roll(self, checked: Checked, devices: int) -> Checked:
        """Check a roll, and the fits that it needs."""
        plain = checked.plain
        check_running(plain, devices)
        needs = tuple(self.check_need(fit, plain["memorise"]) for fit in memorising(plain))
        own = {**plain, **{key: digested(plain[key], key) for key in ROLLING}}
        what = described(nameless(own), *ROLLING, "field")
        training = described(plain, "task", "optimizer", "schedule", "steps")
        self.once(what, training, look=lambda: check_rolling(checked.config))
        key = stack_key(plain, what)
        return dataclasses.replace(checked, signal=roll_name(plain), stack_key=key, devices=devices, needs=needs)

    def check_need(self, fit: Mapping[str, Any], memorise: Mapping[str, Any]) -> Checked:
        """Check a fit that a roll needs; what is wrong is told by the roll's own keys."""
        try:
            return self.check(fit)
        except InputError as error:
            text = str(error)
            if text.startswith("signal.path"):
                raise InputError(f"photos.{fit['signal']['name']}{text.removeprefix('signal.path')}") from error
            if re.split(r"[.:]", text)[0] in memorise:
                raise InputError(f"memorise.{error}") from error
            raise


def stack_key(plain: Mapping[str, Any], *own: Any) -> str:
    """Equal for configurations whose fits can be members of one batched call: `own` is what theirs must have in common."""
    stacks = plain["optimizer"].get("stacks", False)
    shared = {**plain, "optimizer": {**plain["optimizer"], "lr": None}} if stacks else plain
    return json.dumps([described(shared, *SHARED), *own, None if stacks else plain["folder"]])


def nameless(plain: Mapping[str, Any]) -> dict[str, Any]:
    """Without the field's name and learning rate, which do not change what it is."""
    return {**plain, "field": {k: v for k, v in plain["field"].items() if k not in ("name", "learning_rate")}}


def signal_facts(config: DictConfig) -> tuple[str, tuple[int, ...], int, int, tuple[int, int | None, bool]]:
    """Name, grid, axes, channels; number of training samples and of those in the mask, and whether others are held out."""
    signal = build_signal(config)
    split = build_split(described(config, "split"), signal.grid)
    masked = None if signal.mask is None else int((split.train & signal.mask.flatten()).sum())
    return signal.name, signal.grid, signal.dim, signal.channels, (int(split.train.sum()), masked, split.held_out)


def outline(config: DictConfig, dim: int, channels: int) -> Field:
    """The field without its numbers; where an encoding or network needs numbers to be made, with them."""
    try:
        with torch.device("meta"):
            return build_field(config.field, dim=dim, channels=channels)
    except InputError:
        return build_field(config.field, dim=dim, channels=channels)


def check_training(config: DictConfig) -> int:
    """Build task, optimiser and schedule; the samples in a step."""
    task = make_task([prepare(config)])
    step_once(task)
    return task.samples.in_a_step


def check_slopes(config: DictConfig, constraints: Sequence[Constraint]) -> None:
    """Where derivatives are constrained: are they the field's slopes, and do the second ones exist?"""
    member = prepare(config)
    assert isinstance(member, Fitting)
    field = stirred(in_doubles(member.field))
    x = torch.rand(64, member.signal.dim, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    if (error := slope_error(field, x)) > MOST_SLOPE_ERROR:
        raise InputError(
            f"field: what autograd takes for its gradient is off its slope by {error:.0%}, so that constraints on"
            " derivatives would train another field; is a factor detached?"
        )
    bare = Field(field.encoding, field.network, torch.nn.Identity(), coordinates=field.coordinates, values=(0.0, 1.0))
    if any(constraint.bends for constraint in constraints) and not hessian(bare, x).any():
        raise InputError(
            f"field: {config.field.name} is piecewise linear in its coordinates, its second derivatives are 0 wherever"
            " there are any, and no constraint on them can train it; take a smooth network (siren, tanh, softplus) or"
            " a smooth encoding before it (field/encoding=gaussian)"
        )


def stirred(field: Field) -> Field:
    """The field with every parameter moved a little: where a last layer begins at 0 there would be no slopes to see."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in field.parameters():
            parameter.add_(0.01 * torch.randn(parameter.shape, generator=generator, dtype=parameter.dtype))
    return field


def build_constraints(config: DictConfig) -> list[Constraint]:
    return [build(node, f"task.constraints.{key}") for key, node in config.task.constraints.items()]
