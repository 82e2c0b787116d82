"""Checks of what is trained, before training starts."""

import warnings
from collections.abc import Callable
from typing import TypeVar

from fieldlab.errors import InputError, first_line
from fieldlab.training.module import TaskModule

T = TypeVar("T")
COMPLAINTS = (RuntimeError, ValueError, AssertionError, IndexError)  # of parts about their input


def try_out(key: str, action: Callable[[], T]) -> T:
    """What `action` returns; an error of a user's transform, model or objective about its input is reported under this key.

    Raises:
        InputError: the part does not take its input.
    """
    try:
        return action()
    except InputError:
        raise
    except COMPLAINTS as error:
        raise InputError(f"{key}: {first_line(error)}") from error


def check_schedule(module: TaskModule) -> None:
    """Build optimiser and schedule, and step the schedule once.

    Raises:
        InputError: settings that they do not take.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the schedule steps before its optimiser has
        try:
            module.configure_optimizers()
            module.rate.step()
        except (ValueError, TypeError, ZeroDivisionError) as error:
            raise InputError(f"optimizer or schedule: {first_line(error)}") from error
