"""Clock: what the time of a training is spent on."""

import time
import typing
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Literal

Work = Literal["steps", "scoring", "compiling"]
WORK: tuple[Work, ...] = typing.get_args(Work)


class Clock:
    """Seconds spent on each kind of work so far, and in all since the clock was made.

    Scoring includes pictures on the way. What is left of all belongs to files, logs and the Trainer.
    """

    def __init__(self) -> None:
        self.spent: dict[Work, float] = dict.fromkeys(WORK, 0.0)
        self.earlier = 0.0
        self.began = time.perf_counter()

    @contextmanager
    def spend(self, work: Work) -> Iterator[None]:
        """Count the time within as spent on this work; whoever computes on a device waits for it within."""
        start = time.perf_counter()
        yield
        self.spent[work] += time.perf_counter() - start

    @property
    def wall(self) -> float:
        """Seconds in all, those of an interrupted training before this one included."""
        return self.earlier + time.perf_counter() - self.began

    def state(self) -> dict[str, float]:
        """What a checkpoint keeps."""
        return {"wall": self.wall, **self.spent}

    def restore(self, state: Mapping[str, float]) -> None:
        """Go on from an interrupted training's."""
        self.earlier = state["wall"]
        self.spent = {work: state[work] for work in WORK}
