"""Whether a field can be fitted to a signal as a configuration says."""

from collections.abc import Sequence

import torch
from omegaconf import DictConfig, OmegaConf

from fieldlab.configuration import to_json
from fieldlab.digests import content
from fieldlab.errors import InputError
from fieldlab.field import Field, build_field, in_doubles, structure
from fieldlab.operators import hessian, slope_error
from fieldlab.rules import check_devices
from fieldlab.runs.task import Config, Facts, Once
from fieldlab.tasks.assembly import assemble_module
from fieldlab.tasks.constraints import Constraint
from fieldlab.tasks.field_task import FieldTask
from fieldlab.tasks.rehearsal import rehearse_schedule, trial
from fieldlab.tasks.signal_and_split import build_signal, build_split

MOST_SLOPE_ERROR = 0.01
TRAINING = ("task", "optimizer", "schedule", "steps")


def check_field(task: FieldTask, plain: Config, devices: int, once: Once) -> Facts:
    """Build signal, split, field and training.

    Fields are built on the meta device, without memory or random numbers.
    """
    config = OmegaConf.create(dict(plain))
    digest = str(content(plain["signal"]))
    world = to_json(plain, "signal", "split")
    name, grid, dim, channels, samples = once(world, digest, look=lambda: signal_facts(config))
    shape = str((dim, channels))
    field = once(to_json(plain, "field"), shape, look=lambda: structure(outline(config, dim, channels)))
    training = to_json(plain, *TRAINING)
    batch = once(training, shape, str(samples), look=lambda: check_training(task, config))
    constraints = once(to_json(plain, "task"), look=lambda: list(task.build_constraints().values()))
    if any(constraint.differentiates for constraint in constraints):
        slopes = to_json(plain, "field", "task")
        once(slopes, shape, look=lambda: trial("field", lambda: check_slopes(task, config, constraints)))
    check_devices(plain, devices, batch)
    return Facts(name, (field, grid, samples))


def signal_facts(config: DictConfig) -> tuple[str, tuple[int, ...], int, int, tuple[int, int | None, bool]]:
    """Name, grid, axes, channels; number of training samples and of those in the mask, and whether others are held out."""
    signal = build_signal(config)
    split = build_split(config, signal.grid)
    masked = None if signal.mask is None else int((split.train & signal.mask.flatten()).sum())
    return signal.name, signal.grid, signal.dim, signal.channels, (int(split.train.sum()), masked, split.held_out)


def outline(config: DictConfig, dim: int, channels: int) -> Field:
    """The field without its numbers; where an encoding or network needs numbers to be made, with them."""
    try:
        with torch.device("meta"):
            return build_field(config.field, dim=dim, channels=channels)
    except InputError:
        return build_field(config.field, dim=dim, channels=channels)


def check_training(task: FieldTask, config: DictConfig) -> int:
    """Build task, optimiser and schedule; the samples in a step."""
    module = assemble_module(task, [task.build(config)])
    rehearse_schedule(module)
    return module.samples.in_a_step


def check_slopes(task: FieldTask, config: DictConfig, constraints: Sequence[Constraint]) -> None:
    """Where derivatives are constrained: are they the field's slopes, and do the second ones exist?"""
    member = task.build(config)
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
