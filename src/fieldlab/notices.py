"""Notices: a line to the user on what is assumed, passed over, replaced or lost."""

import functools
import logging


def say(text: str, *arguments: object) -> None:
    """A line on standard error, through the logger `fieldlab`."""
    logging.getLogger("fieldlab").warning(text, *arguments)


@functools.cache
def say_once(text: str) -> None:
    """The same, once in a process: a signal is read for every check and study that it is in."""
    say("%s", text)
