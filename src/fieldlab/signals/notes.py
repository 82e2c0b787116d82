"""Notes: what is assumed of a file, passed over in it or replaced, in one line each."""

import functools
import logging


@functools.cache
def note(text: str) -> None:
    """Say it, once in a process: a signal is read for every check and study that it is in."""
    logging.getLogger("fieldlab").warning("%s", text)
