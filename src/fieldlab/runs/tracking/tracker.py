"""Trackers: whoever wants to know how each fit is doing."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fieldlab.errors import first_line
from fieldlab.notices import say
from fieldlab.runs.result import Result

Pictures = Mapping[str, np.ndarray]


class Tracker(ABC):
    """Told of every member by itself: its configuration, its scores as they come, its result."""

    def __init__(self, *, pictures: int) -> None:
        if pictures < 0:
            raise ValueError(f"pictures must not be negative, but is {pictures}")
        self.pictures = pictures

    @abstractmethod
    def settle(self) -> None:
        """Decide what all processes of a sweep should do alike, before there are any others."""

    @abstractmethod
    def start(self, configs: Sequence[Mapping[str, Any]]) -> None:
        """These fits are about to run; members are named by their place in this list from now on."""

    @abstractmethod
    def log(self, m: int, step: int, scores: Mapping[str, float | None], pictures: Pictures) -> None:
        """Member m's scores at a step, and at some steps its pictures."""

    @abstractmethod
    def finish(self, m: int, result: Result) -> None:
        """What became of member m."""

    @abstractmethod
    def publish(self, folder: Path) -> None:
        """Show the report in a study's folder."""

    @abstractmethod
    def close(self) -> None:
        """Nothing more will come, whatever has happened."""


class Silence(Tracker):
    """Follows nothing: results and pictures are in the fit's folder anyway."""

    def settle(self) -> None: ...

    def start(self, configs: Sequence[Mapping[str, Any]]) -> None: ...

    def log(self, m: int, step: int, scores: Mapping[str, float | None], pictures: Pictures) -> None: ...

    def finish(self, m: int, result: Result) -> None: ...

    def publish(self, folder: Path) -> None: ...

    def close(self) -> None: ...


def safely(action: Callable[..., None], *arguments: Any) -> None:
    """A tracker's trouble (a full disk, a lost server) must never end a fit: one line, and on."""
    try:
        action(*arguments)
    except Exception as error:
        say("tracking: %s: %s", type(error).__name__, first_line(error))
