"""Rehearsal: a step of training before there is any, so that what cannot work is told and not found out."""

import warnings
from collections.abc import Callable
from typing import TypeVar

from fieldlab.errors import InputError, first_line
from fieldlab.tasks.module import TaskModule

T = TypeVar("T")
COMPLAINTS = (RuntimeError, ValueError, AssertionError, IndexError)  # of parts about their input


def trial(key: str, action: Callable[[], T]) -> T:
    """Whatever a user's transform, model or objective has to say against its input, under this key."""
    try:
        return action()
    except InputError:
        raise
    except COMPLAINTS as error:
        raise InputError(f"{key}: {first_line(error)}") from error


def rehearse_schedule(module: TaskModule) -> None:
    """Let the schedule step once."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the schedule steps before its optimiser has
        try:
            module.configure_optimizers()
            module.rate.step()
        except (ValueError, TypeError, ZeroDivisionError) as error:
            raise InputError(f"optimizer or schedule: {first_line(error)}") from error
