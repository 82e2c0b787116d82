"""Computation: members of a task, computed together, whatever that takes."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

Log = Callable[
    [int, int, Mapping[str, float | None], Mapping[str, np.ndarray]], None
]  # member, step, scores, pictures


@dataclass(frozen=True)
class Watchers:
    """Who wants to know while members are computed: `log` hears of every score, and `pictures` times of pictures too.

    `hashes` are those of the members: what is saved on the way is taken up again by the same ones alone. A line of progress
    begins with `description`; without one there is none. In a `trial` nobody wants to know anything but how long it takes.
    """

    log: Log | None = None
    pictures: int = 0
    hashes: Sequence[str] = ()
    description: str = ""
    trial: bool = False


class Computation(ABC):
    """What computes members together.

    `seconds` are those of the work itself, without scoring and files; `earlier` those that an interrupted computation, which this
    one continues, had taken in all.
    """

    seconds: float = 0.0
    earlier: float = 0.0

    @property
    def first(self) -> bool:
        """Whether this process writes; further devices only compute."""
        return True

    @abstractmethod
    def resume(self) -> str | None:
        """Go on where an interrupted computation of the same members has saved its state: `step 50 of 1000`; None where there is none."""

    @abstractmethod
    def discard(self) -> None:
        """Remove what was saved on the way."""

    @abstractmethod
    def stop(self) -> None:
        """Let go of other processes, which would wait for this one for ever."""

    @abstractmethod
    def run(self) -> None:
        """Compute."""

    @abstractmethod
    def describe(self, m: int) -> dict[str, Any]:
        """What member m's result says in any case: `parameters`, `grid`, `curve`, `device` and the like, `diverged_at` where it did.

        Raises:
            RuntimeError: the computation has ended before its planned end, whatever ended it.
        """

    @abstractmethod
    def score(self, m: int) -> dict[str, Any]:
        """What the result of a member that did not diverge says besides: `scores`, and those of its yardsticks."""

    @abstractmethod
    def save(self, m: int, folder: Path) -> None:
        """Write what member m has become into its folder."""
