"""Rehearse: a step of training before there is any, so that what cannot work is told and not found out."""

import warnings
from collections.abc import Callable
from typing import TypeVar

import torch
from omegaconf import DictConfig

from fieldlab.easel import shapes
from fieldlab.errors import InputError, first_line
from fieldlab.goals.adversarial import COMPLAINTS
from fieldlab.prepare import make_task, prepare
from fieldlab.tasks.roll import Roll
from fieldlab.tasks.task import Task
from fieldlab.tasks.visualize import Visualize

T = TypeVar("T")


def check_seeing(config: DictConfig) -> None:
    """Build model, canvas and training, and look at the canvas once.

    Raises:
        InputError: a canvas that the model does not take, an answer that is no number.
    """
    task = make_task([prepare(config)])
    assert isinstance(task, Visualize)
    step_once(task)
    shapes(task.model)  # that it takes what it was made for
    middle = torch.full((1, *task.samples.shape), 0.5)
    with torch.no_grad(), task.looking():
        images = task.ensemble()
        changed = trial("transforms", lambda: task.transforms(images, middle[0, 0]))
        held_out = torch.full((len(images), task.held_out.numbers), 0.5)
        trial("task.held_out", lambda: task.held_out(images, held_out))
        size = " x ".join(map(str, changed.shape[1:]))
        takes = f"canvas.size: {task.model.name} does not take the {size} that transforms make of it"
        seen = trial("objective", lambda: trial(takes, lambda: task.seen(changed), (RuntimeError, AssertionError)))
        for layer, answer in seen.items():
            if not answer.isfinite().all():
                raise InputError(f"model: {layer} of {task.model.name} answers the first images with NaN or infinity")
        trial("objective", lambda: task.in_turn(task.objective, seen, images))


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


def trial(key: str, action: Callable[[], T], errors: tuple[type[Exception], ...] = COMPLAINTS) -> T:
    """Whatever a user's transform, model or objective has to say against its input, under this key."""
    try:
        return action()
    except InputError:
        raise
    except errors as error:
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
