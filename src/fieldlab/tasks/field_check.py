"""Whether a field can be fitted to a signal as a configuration says."""

import copy
import functools
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from fieldlab.config.files import digest
from fieldlab.errors import InputError
from fieldlab.field import Field, build_field, structure, to_doubles
from fieldlab.operators import hessian, slope_error
from fieldlab.runs.check import to_json
from fieldlab.runs.rules import check_devices
from fieldlab.runs.task import Config, Facts, Once
from fieldlab.runs.trained import assemble_module
from fieldlab.signals.build import build_split
from fieldlab.training.check import check_schedule, try_out
from fieldlab.training.constraints import Constraint

if TYPE_CHECKING:
    from fieldlab.tasks.field_task import FieldMember, FieldTask

MOST_SLOPE_ERROR = 0.01
TRAINING = ("task", "supervise", "sampling", "optimizer", "schedule", "steps")


def check_field(task: "FieldTask", config: Config, devices: int, once: Once) -> Facts:
    """Build signal, split, field and training.

    Fields are built on the meta device, without memory or random numbers; one with its numbers only where a question about
    numbers is new, and then one for all of them. It is not kept: a sweep would hold all of its fields.
    """
    member = functools.cache(lambda: task.build(config))
    world, files = to_json(config, *task.world), str([digest(config[key]) for key in task.world])
    name, grid, dim, channels, samples = once(world, files, look=lambda: look_at_signal(task, config))
    shape = str((dim, channels))
    field = once(to_json(config, "field"), shape, look=lambda: structure(build_outline(config, dim, channels)))
    if config.get("start") is not None:
        once("start", config["start"], to_json(config, "field"), shape, look=lambda: bool(member()))
    training = to_json(config, *TRAINING)
    batch = once(training, shape, str(samples), look=lambda: check_training(task, member()))
    constraints = once(to_json(config, "supervise"), look=lambda: list(task.supervise(config).constraints.values()))
    if any(constraint.differentiates for constraint in constraints):
        slopes = to_json(config, "field", "supervise")
        once(slopes, shape, look=lambda: try_out("field", lambda: check_slopes(member(), constraints)))
    check_devices(config, devices, batch)
    return Facts(name, (config["supervise"], config["sampling"], field, grid, samples))


def look_at_signal(
    task: "FieldTask", config: Config
) -> tuple[str, tuple[int, ...], int, int, tuple[int, int | None, bool]]:
    """Name, grid, axes, channels; number of training samples and of those in the mask, and whether others are held out."""
    signal = task.read_samples(config)
    split = build_split(config["split"], signal.grid)
    masked = None if signal.mask is None else int((split.train & signal.mask.flatten()).sum())
    return signal.name, signal.grid, signal.dim, signal.channels, (int(split.train.sum()), masked, split.held_out)


def build_outline(config: Config, dim: int, channels: int) -> Field:
    """The field without its numbers; where an encoding or network needs numbers to be made, with them."""
    try:
        with torch.device("meta"):
            return build_field(config["field"], dim=dim, channels=channels)
    except InputError:
        return build_field(config["field"], dim=dim, channels=channels)


def check_training(task: "FieldTask", member: "FieldMember") -> int:
    """Build task, optimiser and schedule; the samples in a step."""
    module = assemble_module(task, [member])
    check_schedule(module)
    return module.samples.samples_per_step


def check_slopes(member: "FieldMember", constraints: Sequence[Constraint]) -> None:
    """Where derivatives are constrained: are they the field's slopes, and do the second ones exist?"""
    field = perturb(to_doubles(copy.deepcopy(member.field)))
    x = torch.rand(64, member.signal.dim, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    if (error := slope_error(field, x)) > MOST_SLOPE_ERROR:
        raise InputError(
            f"field: what autograd takes for its gradient is off its slope by {error:.0%}, so that constraints on"
            " derivatives would train another field; is a factor detached?"
        )
    if any(constraint.bends for constraint in constraints):
        check_second(field, x, member.config["field"]["name"], [name for one in constraints for name in one.names])


def check_second(field: Field, x: Tensor, name: str, asked: Collection[str]) -> None:
    """Do the second derivatives that are asked for exist? A Laplacian takes those along axes alone, without the mixed ones."""
    bare = Field(field.encoding, field.network, torch.nn.Identity(), coordinates=field.coordinates, values=(0.0, 1.0))
    second = hessian(bare, x)
    read = {"hessian": second, "laplacian": second.diagonal(dim1=-2, dim2=-1)}
    if any(not read[operator].any() for operator in read.keys() & asked):
        raise InputError(
            f"field: {name} is piecewise linear along each coordinate, its second derivatives are 0 wherever"
            " there are any, and no constraint on them can train it; take a smooth network (siren, tanh, softplus) or"
            " a smooth encoding before it (field/encoding=gaussian; of a grid, field.encoding.interpolation=smoothstep)"
        )


def perturb(field: Field) -> Field:
    """The field with every parameter moved a little: where a last layer starts at 0 there would be no slopes to see."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in field.parameters():
            parameter.add_(0.01 * torch.randn(parameter.shape, generator=generator, dtype=parameter.dtype))
    return field
