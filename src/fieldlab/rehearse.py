"""Rehearse: a step of training before there is any, so that what cannot work is told and not found out."""

import warnings
from collections.abc import Callable
from typing import TypeVar

import torch
from jaxtyping import Float
from omegaconf import DictConfig
from torch import Tensor

from fieldlab.errors import InputError, first_line
from fieldlab.models.activations import Seen
from fieldlab.models.answers import LayerError
from fieldlab.models.layers import check_slopes
from fieldlab.prepare import make_task, prepare
from fieldlab.tasks.roll import Roll
from fieldlab.tasks.task import Task
from fieldlab.tasks.visualize import Visualize

T = TypeVar("T")
COMPLAINTS = (RuntimeError, ValueError, AssertionError, IndexError)  # of parts about their input


def check_seeing(config: DictConfig) -> None:
    """Build model, canvas and training, and look at the canvas once.

    Raises:
        InputError: a canvas that the model does not take, an answer that is no number.
    """
    task = make_task([prepare(config)])
    assert isinstance(task, Visualize)
    step_once(task)
    check_slopes(task.model, tuple(task.objective.layers))
    middle = torch.full((1, *task.samples.shape), 0.5)
    with torch.no_grad(), task.looking():
        images = task.ensemble()
        changed = trial("transforms", lambda: task.transforms(images, middle[0, 0]))
        numbers = torch.full((len(images), task.held_out.numbers), 0.5)
        held_out = trial("task.held_out", lambda: task.held_out(images, numbers))
        ask(task, images[:1], "canvas.size", "canvas.size=null makes them as large")
        seen = ask(task, changed, "transforms", "transforms=none leaves them as they are")
        ask(task, held_out[:1], "task.held_out", "task.held_out=null leaves them as they are")
        for layer, answer in seen.items():
            if not answer.isfinite().all():
                raise InputError(f"model: {layer} of {task.model.name} answers the first images with NaN or infinity")
        trial("objective", lambda: task.in_turn(task.objective, seen, images))


def ask(task: Visualize, images: Float[Tensor, "n c h w"], key: str, otherwise: str) -> Seen:
    """What the objective's layers answer to images that are as this key makes them.

    Raises:
        InputError: a network that does not take them.
    """
    try:
        return task.seen(images)
    except LayerError as error:
        raise InputError(f"objective: {error}") from error
    except Exception as error:  # whatever a user's network has to say against its input
        size, own = (" x ".join(map(str, sides)) for sides in (images.shape[1:], task.model.size))
        raise InputError(
            f"{key}: {task.model.name} does not take images of {size} ({type(error).__name__}: {first_line(error)});"
            f" model.resize=true shows it images of any size at its own {own}, and {otherwise}"
        ) from error


def check_rolling(config: DictConfig) -> None:
    """Build memories, warps, goal and training, with fields that have memorised nothing yet, and look at a batch.

    Raises:
        InputError: a goal, a start or a move that does not take these pictures.
    """
    task = make_task([prepare(config, fitted=False)])
    assert isinstance(task, Roll)
    step_once(task)
    task.samples.to(torch.device("cpu"), 0, 1)
    [batch] = task.samples.batches(1)
    trial("goal", lambda: task.total(batch).sum().backward())


def trial(key: str, action: Callable[[], T]) -> T:
    """Whatever a user's transform, model or objective has to say against its input, under this key."""
    try:
        return action()
    except InputError:
        raise
    except COMPLAINTS as error:
        raise InputError(f"{key}: {first_line(error)}") from error


def step_once(task: Task) -> None:
    """Let the schedule step once."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the schedule steps before its optimiser has
        try:
            task.configure_optimizers()
            task.rate.step()
        except (ValueError, TypeError, ZeroDivisionError) as error:
            raise InputError(f"optimizer or schedule: {first_line(error)}") from error
